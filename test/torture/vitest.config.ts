import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** What takes longer than `npm test` may: run by `npm run torture`. */
export default defineConfig({
  test: {
    root: join(import.meta.dirname, '../..'),
    globalSetup: ['test/helpers/global-setup.ts'],
    include: ['test/torture/**/*.torture.ts'],
    maxWorkers: '100%',
    testTimeout: 7_200_000,
    hookTimeout: 600_000,
    disableConsoleIntercept: true,
  },
});

/**
 * The tests that take longer than `npm test` may (test/torture). `--quick` runs a tenth of the cases; POPE_TORTURE_SEED
 * gives other cases than the usual ones.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const unknown = process.argv.slice(2).filter((argument) => argument !== '--quick');
if (unknown.length > 0) {
  console.error(`torture: expected nothing or --quick, got ${unknown.join(' ')}`);
  process.exit(2);
}
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const { status } = spawnSync(process.execPath, [vitest, 'run', '--config', 'test/torture/vitest.config.ts'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, POPE_TORTURE_QUICK: process.argv.includes('--quick') ? '1' : '0' },
});
process.exitCode = status ?? 1;

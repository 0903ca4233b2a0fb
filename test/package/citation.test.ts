import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../src/native/loader.js';

it('CITATION.cff cites the version and the licence of the package', () => {
  const read = (name: string) => readFileSync(join(packageRoot, name), 'utf8');
  const { version, license } = JSON.parse(read('package.json')) as { version: string; license: string };
  const lines = read('CITATION.cff').split('\n');
  expect(lines.filter((line) => /^(version|license):/.test(line))).toEqual([
    `version: ${version}`,
    `license: ${license}`,
  ]);
});

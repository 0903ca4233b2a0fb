import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { fuzzLogFiles, fuzzLogLines } from '../helpers/fuzz-log.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';

const folder = useTemporaryFolder();
const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../fixtures/log', name));

it('reads or rejects 5,000 random and mutated lines', async () => {
  const { accepted, rejected } = await fuzzLogLines(1, 5000);
  const count = Object.values(rejected).reduce((sum, each) => sum + each, accepted);
  expect(count).toBe(5000);
  // Mutants that are all good or all broken would test one side only.
  expect(accepted).toBeGreaterThan(500);
  expect(rejected.LOG_INVALID).toBeGreaterThan(1000);
});

it('reads or rejects 300 mutated files', async () => {
  const jsonl = fixture('nested.jsonl');
  const files = [jsonl, gzipSync(jsonl), fixture('nested-zstd.parquet'), fixture('nested-snappy.parquet')];
  const { accepted, rejected } = await fuzzLogFiles(2, 300, files, folder.path('log'));
  const count = Object.values(rejected).reduce((sum, each) => sum + each, accepted);
  expect(count).toBe(300);
  expect(rejected.LOG_UNREADABLE).toBeGreaterThan(50);
});

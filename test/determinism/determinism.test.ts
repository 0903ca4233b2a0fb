/** Same seed, machine, binary and BLAS: the same bits, whatever the threads, the packing and the interruptions. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { finished, startNode } from '../cli/run-cli.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';

const WORK = ['score', 'generate', 'align', 'bootstrap'] as const;

const folder = temporaryFolder();
const child = join(import.meta.dirname, 'determinism.child.mjs');
let model: string;
let alone: Record<string, string>;

async function hashes(name: string, threads: number, batchTokens: number, stop: number) {
  const scratch = join(folder, name);
  mkdirSync(scratch);
  const argv = [child, model, scratch, `${batchTokens}`, `${stop}`];
  const { stdout, stderr } = await finished(startNode(argv, { environment: { POPE_THREADS: `${threads}` } }));
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

beforeAll(async () => {
  model = await tinyModel();
  alone = await hashes('alone', 1, 8192, 0);
});

describe.each([
  ['another number of threads', 5, 8192, 0],
  ['smaller batches', 2, 60, 0],
  ['interruptions', 2, 200, 2],
])('with %s', (name, threads, batchTokens, stop) => {
  let others: Record<string, string>;
  beforeAll(async () => {
    others = await hashes(name, threads, batchTokens, stop);
  });

  it.each(WORK)('%s gives the same bits', (work) => {
    expect(others[work]).toMatch(/^[0-9a-f]{16}$/);
    expect(others[work]).toBe(alone[work]);
  });
});

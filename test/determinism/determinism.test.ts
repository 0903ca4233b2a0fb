/** Same seed, machine, binary and BLAS: the same bits, whatever the threads, the packing and the interruptions. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { finished, startNode } from '../cli/run-cli.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';

const WORK = ['score', 'generate', 'align', 'bootstrap'] as const;

interface Circumstances {
  threads: number;
  batchTokens: number;
  stop: number;
  dtype: 'f32' | 'bf16';
}

const folder = temporaryFolder();
const child = join(import.meta.dirname, 'determinism.child.mjs');
let model: string;
beforeAll(async () => {
  model = await tinyModel();
});

async function hashes(name: string, { threads, batchTokens, stop, dtype }: Circumstances) {
  const scratch = join(folder, `${name} ${dtype}`);
  mkdirSync(scratch);
  const argv = [child, model, scratch, `${batchTokens}`, `${stop}`, dtype];
  const { stdout, stderr } = await finished(startNode(argv, { environment: { POPE_THREADS: `${threads}` } }));
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe.each(['f32', 'bf16'] as const)('with products of %s', (dtype) => {
  let alone: Record<string, string>;
  beforeAll(async () => {
    alone = await hashes('alone', { threads: 1, batchTokens: 8192, stop: 0, dtype });
  });

  describe.each([
    ['another number of threads', 5, 8192, 0],
    ['smaller batches', 2, 60, 0],
    ['interruptions', 2, 200, 2],
  ])('and %s', (name, threads, batchTokens, stop) => {
    let others: Record<string, string>;
    beforeAll(async () => {
      others = await hashes(name, { threads, batchTokens, stop, dtype });
    });

    it.each(WORK)('%s gives the same bits', (work) => {
      expect(others[work]).toMatch(/^[0-9a-f]{16}$/);
      expect(others[work]).toBe(alone[work]);
    });
  });
});

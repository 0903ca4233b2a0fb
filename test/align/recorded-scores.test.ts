/** A step whose slates are one batch goes back through the pass that scored them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type AlignOptions, align } from '../../src/align/align.js';
import { LoggedDataset } from '../../src/data/dataset.js';
import { CausalModel } from '../../src/models/causal-model.js';
import { loadModel } from '../../src/models/index.js';
import { RecordedScores } from '../../src/models/recorded-scores.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { expectClose } from '../helpers/tolerance.js';
import { shortRun, trainingLog } from './runs.js';

const folder = temporaryFolder();
afterEach(() => vi.restoreAllMocks());
let runs = 0;

interface Outcome {
  weights: Float32Array;
  /** Steps that went back through the pass of their scores. */
  shared: number;
  /** Buffers that there are more than before: gradients and tables of the model. */
  left: number;
}

async function run(changes: Partial<AlignOptions>, share: boolean): Promise<Outcome> {
  const output = join(folder, `run-${runs++}`);
  const back = vi.spyOn(RecordedScores.prototype, 'backward');
  if (!share) vi.spyOn(CausalModel.prototype, 'recordScores').mockResolvedValue(null);
  using model = await loadModel(await tinyModel());
  const before = model.memoryStats().liveBuffers;
  await align(model, LoggedDataset.fromSlates(trainingLog()), shortRun(output, { validationQueries: 2, ...changes }));
  const left = model.memoryStats().liveBuffers - before;
  const { calls } = back.mock;
  vi.restoreAllMocks();
  const bytes = readFileSync(join(output, 'model', 'model.safetensors'));
  const header = 8 + Number(bytes.readBigUInt64LE());
  const weights = new Float32Array(bytes.buffer.slice(bytes.byteOffset + header, bytes.byteOffset + bytes.length));
  return { weights, shared: calls.length, left };
}

describe('a step in one batch', () => {
  it.each([
    ['POPE with entropies', { method: 'pope', tokenEntropy: true, lambdaDiv: 0.5 }],
    ['likelihood', { method: 'sft-all', responses: 'all' }],
    ['checkpointing', { method: 'pl', checkpointing: true }],
  ] as [string, Partial<AlignOptions>][])('has the bits of two passes: %s', async (_, changes) => {
    const [one, two] = [await run(changes, true), await run(changes, false)];
    expect([one.shared, two.shared]).toEqual([10, 0]);
    expect(one.weights).toEqual(two.weights);
    expect(one.left).toBe(two.left);
  });

  it('has the gradient of two passes where some responses have no coefficient', async () => {
    const changes = { method: 'dpo', lr: 1e-4 } as const;
    const [one, two] = [await run(changes, true), await run(changes, false)];
    // Of two or three responses DPO trains two; of four, going back through all would cost more than another pass.
    expect(one.shared).toBeGreaterThan(0);
    expect(one.shared).toBeLessThan(10);
    // Another order of summation, which AdamW may enlarge to a part of a step's lr where a gradient is rounding.
    const apart = one.weights.map((value, i) => Math.abs(value - two.weights[i]!));
    expect(apart.filter((difference) => difference > 1e-5).length).toBeLessThan(1e-3 * apart.length);
    expectClose(one.weights, two.weights, { atol: 1e-3, rtol: 0 }, 'weights after ten steps');
    expect(one.left).toBe(two.left);
  });

  it.each([
    ['micro-batches', { method: 'sft-all', responses: 'all', batchTokens: 16 }],
    ['dropout', { method: 'sft-all', responses: 'all', lora: 2, loraDropout: 0.2 }],
  ] as [string, Partial<AlignOptions>][])('is two passes with %s', async (_, changes) => {
    expect((await run(changes, true)).shared).toBe(0);
  });
});

/** The memory that `pope align --dry-run` names, against what runs take: on a CPU, and on a GPU that is the host (native/simt). */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type AlignOptions, align } from '../../src/align/align.js';
import { resolveSettings } from '../../src/align/options.js';
import { planRun, type RunPlan } from '../../src/align/plan.js';
import { LoggedDataset } from '../../src/data/dataset.js';
import { dryModel } from '../../src/models/dry-model.js';
import { type LoadModelOptions, loadModel } from '../../src/models/index.js';
import { ranksInProcess } from '../helpers/ranks-in-process.js';
import { simtBinary } from '../helpers/simt-addon.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';

process.env.POPE_NATIVE_PATH ??= simtBinary;
const folder = temporaryFolder();
let runs = 0;

const log = LoggedDataset.fromSlates(
  Array.from({ length: 120 }, (_, q) => ({
    id: `q${q}`,
    prompt: 'which one?'.slice(q % 4),
    responses: [0, 1, 2].map((k) => ({ id: `r${k}`, text: `${q} ${'word '.repeat(3 + k)}`, signal: k + 1 })),
  })),
);

const split = { splitRatio: [1, 0, 0] } as const;
const settings = (changes: Partial<AlignOptions>) =>
  ({ method: 'sft-all', responses: 'all', batch: 96, steps: 2, ...changes }) as const;

async function plan(base: string, changes: Partial<AlignOptions>, device: LoadModelOptions): Promise<RunPlan> {
  using model = await loadModel(base, { ...device, dry: true });
  return planRun(model, log, split, resolveSettings(settings(changes)));
}

/** Estimate and peak of a run. */
async function measure(name: string, changes: Partial<AlignOptions>, device: LoadModelOptions = { device: 'cpu' }) {
  const base = await tinyModel(name);
  const { memory } = await plan(base, changes, device);
  using model = await loadModel(base, device);
  await align(model, log, { ...settings(changes), ...split, output: join(folder, `run-${runs++}`) });
  const { peakBytes, scratchBytes, poolBytes } = model.memoryStats();
  return { memory, ratio: memory.total / (peakBytes + scratchBytes), poolBytes };
}

describe.each(['llama3-tiny', 'gpt2-tiny', 'phi3-tiny', 'qwen3-tiny'])('%s', (name) => {
  it.each([
    ['all weights', {}],
    ['checkpointing in small batches', { checkpointing: true, batchTokens: 512 }],
    ['adapters', { lora: 4, batchTokens: 4096 }],
    ['adapters and checkpointing', { lora: 4, checkpointing: true }],
  ] as [string, Partial<AlignOptions>][])('the estimate is within 1 %% of the peak: %s', async (_, changes) => {
    const { memory, ratio, poolBytes } = await measure(name, changes);
    expect(Math.abs(ratio - 1)).toBeLessThan(0.01);
    expect(poolBytes).toBeLessThan(2.2 * memory.total + 2 ** 20);
  });
});

it.each([
  ['all weights', {}],
  ['adapters and checkpointing', { lora: 4, checkpointing: true }],
] as const)('on a GPU, in bf16, within 10 %% of the peak with what kernels need on the way: %s', async (_, changes) => {
  const small = { batch: 4, steps: 1, validationQueries: 1 };
  const device = { device: 'cuda', dtype: 'bf16', frozen: 'lora' in changes } as const;
  const { ratio } = await measure('llama3-tiny', { ...small, ...changes }, device);
  expect(Math.abs(ratio - 1)).toBeLessThan(0.1);
});

it('a log smaller than the budget of rows needs less', async () => {
  const { ratio } = await measure('llama3-tiny', { batchTokens: 2 ** 20, validationQueries: 1 });
  expect(Math.abs(ratio - 1)).toBeLessThan(0.01);
});

it.each([true, false])('a dry model takes the memory of its original, packed: %s', async (packed) => {
  using model = await loadModel(await tinyModel(), { device: 'cpu' });
  const slates = [{ prompt: [1, 2, 3], responses: [[4, 5], [6]] }];
  const peak = async (some: typeof model) => {
    await some.accumulateGradient(slates, [[1, 1]], { packed });
    return some.memoryStats().peakBytes;
  };
  using dry = dryModel(model);
  expect(await peak(dry)).toBe(await peak(model));
  expect(dry.parameterNames()).toHaveLength(model.parameterNames().length);
});

it('of two ranks with the moments spread over them, the estimate is within 1 % of the larger peak', async () => {
  const base = await tinyModel('llama3-tiny');
  using planned = await loadModel(base, { device: 'cpu', dry: true });
  const resolved = resolveSettings(settings({}));
  const [whole, spread] = [
    await planRun(planned, log, split, resolved, { ranks: 2 }),
    await planRun(planned, log, split, resolved, { ranks: 2, zero: 1 }),
  ];
  expect(whole.alternatives).toContainEqual({ flags: '--zero 1', memory: spread.memory });
  expect(spread.memory.total).toBeLessThan(whole.memory.total);
  const output = join(folder, `run-${runs++}`);
  const peaks = await Promise.all(
    ranksInProcess(2).map(async (communicator) => {
      using model = await loadModel(base, { device: 'cpu' });
      await align(model, log, { ...settings({}), ...split, output, communicator, zero: 1 });
      return model.memoryStats().peakBytes;
    }),
  );
  expect(Math.abs(spread.memory.total / Math.max(...peaks) - 1)).toBeLessThan(0.01);
});

it('names what takes less memory, and by how much: each estimate is that of a run with these flags', async () => {
  const base = await tinyModel();
  const { memory, alternatives } = await plan(base, { lora: 4 }, { device: 'cpu' });
  expect(alternatives.map(({ flags }) => flags)).toEqual([
    '--checkpointing',
    '--batch-tokens 512',
    '--checkpointing --batch-tokens 512',
  ]);
  const both = await plan(base, { lora: 4, checkpointing: true, batchTokens: 512 }, { device: 'cpu' });
  expect(alternatives.at(-1)!.memory).toEqual(both.memory);
  expect(both.memory.total).toBeLessThan(memory.total);
});

it('takes what adapters would need from a model whose weights are frozen, in bf16', async () => {
  const base = await tinyModel('qwen3-tiny-bf16');
  const device = { device: 'cuda', dtype: 'bf16' } as const;
  const { memory, alternatives } = await plan(base, { checkpointing: true, batchTokens: 512 }, device);
  const adapted = await plan(base, { lora: 8, checkpointing: true, batchTokens: 512 }, { ...device, frozen: true });
  expect(alternatives).toContainEqual({ flags: '--lora 8', memory: adapted.memory });
  expect(adapted.memory.parameters).toBeLessThan(memory.parameters / 5);
});

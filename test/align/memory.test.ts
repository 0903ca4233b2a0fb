/** The memory that `pope align --dry-run` names, against what runs take. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type AlignOptions, align } from '../../src/align/align.js';
import { resolveSettings } from '../../src/align/options.js';
import { planRun } from '../../src/align/prepare.js';
import { LoggedDataset } from '../../src/data/dataset.js';
import { loadModel } from '../../src/models/index.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';

const folder = temporaryFolder();
let runs = 0;

const log = LoggedDataset.fromSlates(
  Array.from({ length: 120 }, (_, q) => ({
    id: `q${q}`,
    prompt: 'which one?'.slice(q % 4),
    responses: [0, 1, 2].map((k) => ({ id: `r${k}`, text: `${q} ${'word '.repeat(3 + k)}`, signal: k + 1 })),
  })),
);

async function measure(name: string, changes: Partial<AlignOptions>) {
  const settings = {
    method: 'sft-all',
    responses: 'all',
    batch: 96,
    steps: 2,
    splitRatio: [1, 0, 0],
    ...changes,
  } as const;
  const { splitRatio, ...training } = settings;
  const base = await tinyModel(name);
  using planned = await loadModel(base);
  const { memory } = await planRun(planned, log, { splitRatio }, resolveSettings(training));
  using model = await loadModel(base);
  await align(model, log, { ...settings, output: join(folder, `run-${runs++}`) });
  return { memory, ...model.memoryStats() };
}

describe.each(['llama3-tiny', 'gpt2-tiny', 'phi3-tiny', 'qwen3-tiny'])('%s', (name) => {
  it.each([
    ['all weights', {}],
    ['small batches', { batchTokens: 256 }],
    ['large batches', { batchTokens: 4096 }],
    ['checkpointing', { checkpointing: true }],
    ['adapters', { lora: 4 }],
    ['adapters and checkpointing', { lora: 4, checkpointing: true }],
  ] as [string, Partial<AlignOptions>][])('the estimate is within 15 %% of the peak: %s', async (_, changes) => {
    const { memory, peakBytes, poolBytes } = await measure(name, changes);
    expect(memory.total / peakBytes).toBeGreaterThan(0.87);
    expect(memory.total / peakBytes).toBeLessThan(1.15);
    expect(poolBytes).toBeLessThan(memory.total + 2 * memory.activations);
  });
});

it('a log smaller than the budget of rows needs less', async () => {
  const { memory, peakBytes } = await measure('llama3-tiny', { batchTokens: 2 ** 20, validationQueries: 1 });
  expect(memory.total / peakBytes).toBeGreaterThan(0.87);
  expect(memory.total / peakBytes).toBeLessThan(1.15);
});

/** How often the host waits for the device: once a step, for the scores, which bring how the step before went. */
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { type AlignOptions, align } from '../../src/align/align.js';
import { LoggedDataset } from '../../src/data/dataset.js';
import { loadModel } from '../../src/models/index.js';
import { Device } from '../../src/tensor/device.js';
import { simtBinary } from '../helpers/simt-addon.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { readMetrics, shortRun, trainingLog } from './runs.js';

process.env.POPE_NATIVE_PATH ??= simtBinary;
const folder = temporaryFolder();
const log = LoggedDataset.fromSlates(trainingLog(12));
let runs = 0;
afterEach(() => vi.restoreAllMocks());

/** Waits of a run that measures only before its first and after its last step. */
async function waits(device: 'cpu' | 'cuda', steps: number, changes: Partial<AlignOptions>) {
  const output = join(folder, `${runs++}`);
  using model = await loadModel(await tinyModel(), { device });
  const flush = vi.spyOn(Device.prototype, 'flushReads');
  const never = { validateEvery: 100, checkpointEvery: 100, validationQueries: 1 };
  await align(model, log, shortRun(output, { ...never, steps, batch: 2, ...changes }));
  const count = flush.mock.calls.length;
  flush.mockRestore();
  const done = readMetrics(output).filter(({ kind }) => kind === 'step');
  expect(done.map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
  expect(done.every(({ gradientNorm }) => gradientNorm > 0)).toBe(true);
  return count;
}

it.each([
  ['cpu', 'one batch', {}],
  ['cpu', 'token entropies too', { tokenEntropy: true, lambdaDiv: 0.1 }],
  ['cpu', 'several batches', { batchTokens: 40 }],
  ['cuda', 'one batch', {}],
] as [device: 'cpu' | 'cuda', what: string, changes: Partial<AlignOptions>][])(
  'one more step is one more wait: %s, %s',
  async (device, _, changes) => {
    const [few, more] = device === 'cuda' ? [1, 3] : [2, 6];
    expect((await waits(device, more, changes)) - (await waits(device, few, changes))).toBe(more - few);
  },
);

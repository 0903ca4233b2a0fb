/**
 * The same alignment on a CPU and on a GPU. Here the GPU is the host (native/simt); with
 * POPE_NATIVE_PATH=build-cuda/Release/pope_cuda.node it is a real one.
 */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { align } from '../../src/align/align.js';
import { LoggedDataset } from '../../src/data/dataset.js';
import { type LoadModelOptions, loadModel } from '../../src/models/index.js';
import { simtBinary } from '../helpers/simt-addon.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { readMetrics, shortRun, trainingLog } from './runs.js';

process.env.POPE_NATIVE_PATH ??= simtBinary;
const folder = temporaryFolder();

/** Loss and gradient norm of every step. */
async function curve(name: string, options: LoadModelOptions) {
  const output = join(folder, name);
  using model = await loadModel(await tinyModel(), options);
  const log = LoggedDataset.fromSlates(trainingLog(8));
  await align(
    model,
    log,
    shortRun(output, { steps: 4, batch: 2, validateEvery: 4, checkpointEvery: 4, validationQueries: 1 }),
  );
  return readMetrics(output).filter(({ kind }) => kind === 'step');
}

it('follows the loss curve of the CPU: in f32 to 1e-3 of its value, in bf16 to 5 %', async () => {
  const cpu = await curve('cpu', { device: 'cpu' });
  const f32 = await curve('f32', { device: 'cuda' });
  const bf16 = await curve('bf16', { device: 'cuda', dtype: 'bf16' });
  expect(cpu.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
  for (const [i, { loss, gradientNorm }] of cpu.entries()) {
    for (const [{ loss: other, gradientNorm: norm }, band] of [
      [f32[i]!, 1e-3],
      [bf16[i]!, 0.05],
    ] as const) {
      expect(Math.abs(other - loss) / Math.abs(loss)).toBeLessThan(band);
      expect(Math.abs(norm - gradientNorm) / gradientNorm).toBeLessThan(band);
    }
  }
  expect(bf16.map(({ loss }) => loss)).not.toEqual(f32.map(({ loss }) => loss));
});

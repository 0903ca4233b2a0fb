/**
 * Alignments of 200 steps on a CPU and on a GPU, in f32 and bf16: the loss curves agree, and so does what one would conclude. The
 * GPU is the host (native/simt), or, with POPE_NATIVE_PATH=build-cuda/Release/pope_cuda.node, a real one.
 */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { align } from '../../src/align/align.js';
import type { Method } from '../../src/align/options.js';
import { LoggedDataset } from '../../src/data/dataset.js';
import { writeWorldModel } from '../../src/experiments/worlds/text/model.js';
import { textWorld } from '../../src/experiments/worlds/text/text-world.js';
import { type LoadModelOptions, loadModel } from '../../src/models/index.js';
import { readMetrics } from '../align/runs.js';
import { simtBinary } from '../helpers/simt-addon.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { reportTorture, tortureCases } from '../helpers/torture.js';

process.env.POPE_NATIVE_PATH ??= simtBinary;
const folder = temporaryFolder();
const steps = tortureCases(200);

const devices = {
  cpu: { device: 'cpu' },
  f32: { device: 'cuda' },
  bf16: { device: 'cuda', dtype: 'bf16' },
} as const satisfies Record<string, LoadModelOptions>;

/** How far a loss may be from that of the CPU, as a share of it. */
const bands = { f32: 1e-3, bf16: 0.05 };

/** Trains the worlds' smallest model from its random weights: the losses, and the validations before and after. */
async function run(world: string, method: Method, name: keyof typeof devices, steps: number) {
  const place = join(folder, `${steps}`, world, method, name);
  await writeWorldModel(join(place, 'base'), { layers: 1, width: 16, heads: 2 });
  using model = await loadModel(join(place, 'base'), devices[name]);
  const slates = textWorld(world, 0).log(undefined, { slates: 120, slateSize: 3 });
  const output = join(place, 'run');
  await align(model, LoggedDataset.fromSlates(slates), {
    output,
    method,
    logging: 'log',
    responses: 'all',
    lr: 3e-3,
    steps,
    batch: 2,
    validateEvery: steps,
    validationQueries: 4,
    checkpointEvery: steps,
  });
  const lines = readMetrics(output);
  const losses: number[] = lines.filter(({ kind }) => kind === 'step').map(({ loss }) => loss);
  const [before, after] = lines.filter(({ kind }) => kind === 'validation').map(({ validation }) => validation);
  return { losses, before, after };
}

it(`a GPU follows the loss curve of the CPU for ${steps} steps`, async () => {
  const cpu = await run('pluralistic', 'opinion', 'cpu', steps);
  expect(cpu.losses).toHaveLength(steps);
  for (const name of ['f32', 'bf16'] as const) {
    const { losses } = await run('pluralistic', 'opinion', name, steps);
    const apart = losses.map((loss, step) => Math.abs(loss / cpu.losses[step]! - 1));
    reportTorture(
      `curves of a GPU: ${name}: at most ${Math.max(...apart).toExponential(2)} of the loss apart in ${steps} steps`,
    );
    expect(Math.max(...apart)).toBeLessThan(bands[name]);
  }
  expect(Math.abs(cpu.losses.at(-1)!)).toBeLessThan(Math.abs(cpu.losses[0]!));
});

const worlds = ['pluralistic', 'unanimous', 'misestimated', 'adversarial'];

it.each(worlds.slice(0, tortureCases(worlds.length)))('a GPU concludes what the CPU does: %s', async (world) => {
  const short = Math.ceil(steps / 4);
  const conclusions: Record<string, object> = {};
  for (const name of ['cpu', 'f32', 'bf16'] as const) {
    const [opinion, sft] = [await run(world, 'opinion', name, short), await run(world, 'sft', name, short)];
    const values = [sft.before, sft.after, opinion.after].map(({ estimate }) => estimate.value as number);
    reportTorture(`curves of a GPU: ${world}, ${name}: value ${values.join(', ')} before, after sft and after opinion`);
    const [before, afterSft, afterOpinion] = values as [number, number, number];
    conclusions[name] = {
      sftHelps: afterSft > before,
      opinionHelps: afterOpinion > before,
      opinionIsBetter: afterOpinion > afterSft,
    };
  }
  expect(conclusions).toEqual({ cpu: conclusions.cpu, f32: conclusions.cpu, bf16: conclusions.cpu });
});

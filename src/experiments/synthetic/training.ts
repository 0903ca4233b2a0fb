/** @file Trains models in folders; what was killed goes on from its last checkpoint. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type AlignProgress, type AlignResult, align, resumeFolder, type TrainingSettings } from '../../align/index.js';
import { LoggedDataset } from '../../data/dataset.js';
import type { Slate } from '../../data/slate.js';
import type { SplitRatio } from '../../data/split.js';
import { readOwnJson } from '../../files/text.js';
import { type LoadOptions, loadModel } from '../../models/load.js';
import { writeWorldModel } from '../worlds/text/model.js';
import type { TextWorld } from '../worlds/text/text-world.js';

interface TrainingTask {
  /** Folder of the model that training begins with. */
  from: string;
  log: () => Promise<LoggedDataset>;
  /** Folder of the run; see `align`. */
  output: string;
  settings: TrainingSettings;
  logging?: 'log';
  splitRatio?: SplitRatio;
  /** Default: cpu. */
  device?: LoadOptions['device'];
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: AlignProgress) => void) | undefined;
}

export type Trained = Pick<AlignResult, 'steps' | 'tokens' | 'warnings'>;

const CHECKPOINT_EVERY = 200;

/** Trains, goes on training or, where the run has ended, only says what it was. The model is then in `output`/model. */
export async function train({
  from,
  log,
  output,
  settings,
  device = 'cpu',
  signal,
  onProgress,
  ...sources
}: TrainingTask): Promise<Trained> {
  const result = join(output, 'result.json');
  if (existsSync(result)) return readOwnJson<AlignResult>(result);
  using model = await loadModel((await resumeFolder(output)) ?? from, { device });
  return await align(model, await log(), {
    ...settings,
    ...sources,
    // Metrics come from the world: no validation but that before and after, which the trainer always has.
    validateEvery: 0,
    checkpointEvery: CHECKPOINT_EVERY,
    keep: 1,
    output,
    resume: existsSync(output),
    signal,
    onProgress,
  });
}

const BASE_BATCH = 48;
const BASE_RATE = 1e-2;
const BASE_WARMUP = 20;

/** A model of the world's base mixture, by maximum likelihood on texts that are never seen twice: `folder`/run/model. */
export async function trainBase(
  world: TextWorld,
  {
    folder,
    steps,
    ...rest
  }: { folder: string; steps: number } & Pick<TrainingTask, 'device' | 'signal' | 'onProgress'>,
): Promise<Trained> {
  const { seed } = world;
  const from = join(folder, 'untrained');
  // The last of its files that is written.
  if (!existsSync(join(from, 'model.safetensors'))) await writeWorldModel(from, { seed });
  const log = async () => {
    const slates = world.baseCorpus(steps * BASE_BATCH).map(({ prompt, response }, i): Slate => {
      return { id: `base-${i}`, prompt, responses: [{ id: 'r0', text: response, signal: 1 }] };
    });
    return LoggedDataset.fromSlates(slates);
  };
  const settings = {
    method: 'sft-all',
    batch: BASE_BATCH,
    steps,
    lr: BASE_RATE,
    schedule: 'cosine',
    warmup: Math.min(BASE_WARMUP, steps - 1),
    seed,
  } as const;
  return train({ from, log, output: join(folder, 'run'), settings, splitRatio: [1, 0, 0], ...rest });
}

import { isDeepStrictEqual } from 'node:util';
import type { LoggedDataset } from '../data/dataset.js';
import type { SlateLog } from '../data/slate.js';
import type { Communicator } from '../distributed/communicator.js';
import { Ranks } from '../distributed/ranks.js';
import { describeValue, UsageError } from '../errors.js';
import type { Warning } from '../estimators/result.js';
import { locked, OutputLock } from '../files/lock.js';
import type { CausalModel } from '../models/causal-model.js';
import { diagnose } from '../native/doctor.js';
import { explainMemory } from '../tensor/out-of-memory.js';
import { MetricsFile } from './metrics-file.js';
import { adamW, type Optimizer } from './optimizer.js';
import { type ResolvedSettings, resolveSettings, type TrainingSettings } from './options.js';
import { adapt, prepare, type TrainingSources } from './prepare.js';
import { type AlignResult, parseResult, resultOf } from './result.js';
import { type AlignProgress, Run } from './run.js';
import { checkpointToResume, type ResumeFrom, RunFolder, resumeFolder, samePath } from './run-folder.js';
import { ShardedAdamW } from './sharded-adamw.js';
import { Trainer } from './trainer.js';
import { evenly } from './training-slate.js';
import { initialState, parseState } from './training-state.js';
import type { Evaluation } from './warnings.js';

export interface AlignOptions extends TrainingSettings, TrainingSources {
  /** Folder of the run (docs/training.md). */
  output: string;
  /** Go on with the run in `output`; `model` has to be loaded from `resumeFolder(output, checkpoint)` where that is not null. */
  resume?: boolean | undefined;
  /** With `resume`: `previous` gives the latest checkpoint up, and goes on from the one before, or begins anew. */
  checkpoint?: ResumeFrom | undefined;
  /**
   * The ranks that share the work, each with the same model, log and options (docs/scale-out.md); they all see the folder of the
   * run. The caller closes it, or aborts it after an error that is not of all ranks (`isOfAllRanks`).
   */
  communicator?: Communicator | undefined;
  /** What every rank has of its own: 0 (default) all moments of the optimizer, 1 those of its part of the parameters. */
  zero?: 0 | 1 | undefined;
  signal?: AbortSignal | undefined;
  /** Called after every step; this and the others in the first rank only. */
  onProgress?: ((progress: AlignProgress) => void) | undefined;
  /** Queries that the reference has scored; before the first step. */
  onScored?: ((queries: number) => void) | undefined;
  /** Called after every validation. */
  onEvaluation?: ((evaluation: Evaluation) => void) | undefined;
  /** Called when a warning of docs/training.md is raised, once for each. */
  onWarning?: ((warning: Warning) => void) | undefined;
}

/**
 * Fine-tunes a model on the training split of a log and writes a run folder with the new model, in Hugging Face layout
 * (docs/theory.md section 5, docs/training.md). The model in memory changes in place and has the weights of the last step.
 *
 * @throws UsageError for settings, RUN_EXISTS, RUN_CHANGED, RESUME_MODEL, OUTPUT_LOCKED; DataError for the log, scores or a broken run
 * @throws PopeError DIVERGED naming step, queries and the last good weights; the reason of `signal`, after a checkpoint
 */
export async function align(
  model: CausalModel,
  log: SlateLog | LoggedDataset,
  options: AlignOptions,
): Promise<AlignResult> {
  const settings = resolveSettings(pickSettings(options));
  const ranks = new Ranks(options.communicator ?? null);
  if (!ranks.isFirst) return run(model, log, withoutCallbacks(options), settings, ranks);
  return locked(OutputLock.ofFolder(options.output), () => run(model, log, options, settings, ranks));
}

async function run(
  model: CausalModel,
  log: SlateLog | LoggedDataset,
  options: AlignOptions,
  settings: ResolvedSettings,
  ranks: Ranks,
): Promise<AlignResult> {
  const { output, resume = false, checkpoint: from = 'latest', signal } = options;
  const folder = new RunFolder(output);
  const continued = resume ? await resumeFolder(output, from) : null;
  const config = await describeRun(model, log, options, settings);
  const { isBegun } = folder;
  if (isBegun) await checkSame(folder, { resume, config, otherModel: continued !== null });
  const earlier = await folder.readJson('result');
  if (earlier !== null) return parseResult(earlier, output);

  const checkpoints = await folder.checkpoints();
  const checkpoint = checkpointToResume(checkpoints, from);
  if (continued !== null && !samePath(continued, model.folder)) {
    throw new UsageError(
      'RESUME_MODEL',
      `the run in ${output} goes on from ${continued}, but the model was loaded from ${model.folder}; load that one`,
    );
  }
  const state = checkpoint ? parseState(await folder.readState(checkpoint), checkpoint.path) : initialState();
  await adapt(model, settings, checkpoint?.adapter);
  // From here on the first rank writes to the folder: all have to have read it.
  await ranks.expectSame('model, log and settings', JSON.stringify(config));
  if (ranks.isFirst) {
    await folder.removeLeftovers();
    if (from === 'previous' && checkpoints.length > 0) await folder.removeCheckpoint(checkpoints.at(-1)!);
  }
  const prepared = await prepare(model, log, options, settings, {
    ranks,
    path: folder.reference,
    isComplete: checkpoint !== undefined,
    signal,
    onScored: options.onScored,
  });
  const { log: training, queries, schedule, objective, rule } = prepared;
  model.addTrainedQueries(queries);
  // Only now: a run whose settings or data are refused leaves nothing to be cleared away.
  if (!isBegun && ranks.isFirst) {
    await folder.writeJson('environment', diagnose());
    await folder.writeJson('config', config);
  }
  const optimizer = createOptimizer(model, settings, options);
  const metrics = ranks.isFirst ? await MetricsFile.open(folder.metrics, state.step) : null;
  try {
    if (checkpoint) await optimizer.load(checkpoint.optimizer);
    const slates = training.train;
    const trainer = new Trainer({ model, optimizer, ranks, slates, settings, schedule, objective, rule });
    const loop = new Run(
      {
        folder,
        ranks,
        metrics,
        model,
        optimizer,
        trainer,
        settings,
        steps: schedule.steps,
        train: evenly(training.train, settings.validationQueries),
        validation: training.validation,
        signal,
        onProgress: options.onProgress,
        onEvaluation: options.onEvaluation,
        onWarning: options.onWarning,
      },
      state,
      checkpoint?.step ?? -1,
    );
    const ended = await loop.train();
    const result = resultOf(loop.state, ended, settings, {
      slates: { train: training.train.length, validation: training.validation.length },
      leftOut: training.leftOut,
    });
    await ranks.byFirst(() => folder.writeJson('result', result));
    return result;
  } finally {
    await metrics?.close();
    optimizer.dispose();
  }
}

/**
 * Checks that the run that was begun in a folder is to be resumed and is the same.
 *
 * @param otherModel the model at hand is that of a checkpoint, not the one that the run began with
 */
async function checkSame(
  folder: RunFolder,
  { resume, config, otherModel }: { resume: boolean; config: object; otherModel: boolean },
): Promise<void> {
  if (!resume) {
    throw new UsageError(
      'RUN_EXISTS',
      `${folder.path}: a run was begun there; go on with --resume, or name another folder`,
    );
  }
  const before = flatten(await folder.readJson('config'));
  // Through JSON, as the file went: what is undefined or null there is the same here.
  const now = flatten(JSON.parse(JSON.stringify(config)));
  const changed = [...new Set([...before.keys(), ...now.keys()])].find(
    (key) =>
      key !== 'model.folder' &&
      !(otherModel && key === 'model.hash') &&
      !isDeepStrictEqual(before.get(key), now.get(key)),
  );
  if (changed === undefined) return;
  throw new UsageError(
    'RUN_CHANGED',
    `${folder.path}: a resumed run must have the settings that it was begun with: ${changed} was ` +
      `${describeValue(before.get(changed))} and is ${describeValue(now.get(changed))}`,
  );
}

/** config.json: everything that the outcome follows from. */
async function describeRun(model: CausalModel, log: SlateLog, options: AlignOptions, settings: ResolvedSettings) {
  const { logging, reference, encoding = {}, splitRatio, splitSeed, partition } = options;
  return {
    model: { folder: model.folder, hash: model.hash, ...(model.dtype === 'f32' ? {} : { dtype: model.dtype }) },
    log: (await log.sha256?.()) ?? null,
    logging: logging === undefined || logging === 'log' ? (logging ?? null) : logging.id,
    reference: reference?.id ?? null,
    encoding,
    split: partition?.description ?? { ratio: splitRatio ?? null, seed: splitSeed ?? null },
    training: settings,
  };
}

/** @throws NativeError OUT_OF_MEMORY */
function createOptimizer(
  model: CausalModel,
  { lr, betas, eps, weightDecay, maxNorm }: ResolvedSettings,
  { communicator, zero = 0 }: Pick<AlignOptions, 'communicator' | 'zero'>,
): Optimizer {
  const options = { lr, betas, eps, weightDecay, ...(maxNorm > 0 ? { maxNorm } : {}) };
  try {
    return zero === 1 && communicator ? new ShardedAdamW(model.trained, options, communicator) : adamW(model, options);
  } catch (error) {
    throw explainMemory(error, { advice: 'train adapters only (--lora 8), or a smaller model' });
  }
}

/** The settings among the options. */
function pickSettings(options: AlignOptions): TrainingSettings {
  const {
    output,
    resume,
    checkpoint,
    communicator,
    zero,
    signal,
    onProgress,
    onScored,
    onEvaluation,
    onWarning,
    logging,
    reference,
    encoding,
    splitRatio,
    splitSeed,
    partition,
    ...settings
  } = options;
  return settings;
}

function withoutCallbacks(options: AlignOptions): AlignOptions {
  return { ...options, onProgress: undefined, onScored: undefined, onEvaluation: undefined, onWarning: undefined };
}

/** Leaves of an object by their path. */
function flatten(value: unknown, path = ''): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return new Map([[path, value]]);
  return new Map(
    Object.entries(value).flatMap(([key, inner]) => [...flatten(inner, path === '' ? key : `${path}.${key}`)]),
  );
}

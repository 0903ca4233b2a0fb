import type { SlateLog } from '../data/slate.js';
import type { SplitRatio } from '../data/split.js';
import type { TrainedQueries } from '../data/trained-queries.js';
import type { Ranks } from '../distributed/ranks.js';
import { UsageError } from '../errors.js';
import { balancedLambdaDiv } from '../estimators/balance.js';
import type { CausalModel } from '../models/causal-model.js';
import { LocalPolicy, type LocalPolicyOptions } from '../policy/local-policy.js';
import type { Policy } from '../policy/policy.js';
import { scoreToFile } from '../policy/score-cache.js';
import { scoreFile } from '../policy/score-file.js';
import { objectiveOf, popeRule } from './method.js';
import type { Objective } from './objectives/batch.js';
import type { PopeObjective } from './objectives/pope.js';
import { needsReference, type ResolvedSettings } from './options.js';
import { checkSchedule, type Schedule } from './schedule.js';
import { encodeLog, type Partition, readTrainingLog, type TrainingLog } from './training-log.js';
import { batchOf } from './training-slate.js';

/** What a run trains on, besides the settings. */
export interface TrainingSources {
  /** The logging policy; 'log': the log's own propensities. Needed by POPE; other methods are measured with it where given. */
  logging?: Policy | 'log' | undefined;
  /** The policy that training began with, where its scores are known; else the model is scored once. */
  reference?: Policy | undefined;
  /** How text becomes tokens. */
  encoding?: Omit<LocalPolicyOptions, 'temperature' | 'name' | 'batchTokens'> | undefined;
  splitRatio?: SplitRatio | undefined;
  splitSeed?: number | undefined;
  /** Takes the place of ratio and seed. */
  partition?: Partition | undefined;
}

/** How the initial model is scored, if the method needs a reference that is not given. */
export interface OwnReference {
  /** The first of them scores it. */
  ranks: Ranks;
  path: string;
  /** The scores are there: the model at hand is a later one. */
  isComplete: boolean;
  signal: AbortSignal | undefined;
  onScored: ((queries: number) => void) | undefined;
}

/** Everything that a run needs before its first step. */
export interface Prepared {
  log: TrainingLog;
  /** All queries of the training and validation splits. */
  queries: TrainedQueries;
  objective: Objective;
  rule: PopeObjective;
  schedule: Schedule;
}

/**
 * Reads the log and settles what depends on it.
 *
 * @throws UsageError LOGGING_MISSING for POPE without a logging policy; what the log, scores and settings throw
 */
export async function prepare(
  model: CausalModel,
  log: SlateLog,
  sources: TrainingSources,
  settings: ResolvedSettings,
  own: OwnReference,
): Promise<Prepared> {
  const { signal } = own;
  const opened = await openTraining(model, log, sources, settings, signal);
  const reference = await referenceOf(opened, sources, settings, own);
  const training = await readTrainingLog(opened.encoded, { ...opened.sources, reference }, settings);
  const schedule = scheduleOf(settings, training);
  const rule = popeRule(settings, settledLambdaDiv(settings, training));
  return { log: training, queries: opened.encoded.queries, rule, schedule, objective: objectiveOf(settings, rule) };
}

/**
 * Adds the adapters that the settings ask for, new ones or those of a checkpoint.
 *
 * @throws UsageError FROZEN_MODEL where nothing trains then
 */
export async function adapt(model: CausalModel, settings: ResolvedSettings, checkpoint?: string): Promise<void> {
  const { lora: rank, loraAlpha: alpha, loraDropout: dropout, loraTargets: targetModules, seed } = settings;
  if (rank === null) return model.trained.requireSome();
  if (checkpoint !== undefined) return model.loadAdapter(checkpoint, { seed });
  model.addLora({ rank, alpha: alpha!, dropout, seed, ...(targetModules === null ? {} : { targetModules }) });
}

/** The log as tokens, split, and where its scores come from. @throws UsageError LOGGING_MISSING; what the log throws */
export async function openTraining(
  model: CausalModel,
  log: SlateLog,
  { logging, encoding, splitRatio, splitSeed, partition }: TrainingSources,
  settings: ResolvedSettings,
  signal: AbortSignal | undefined,
) {
  if (settings.method === 'pope' && logging === undefined) {
    throw new UsageError(
      'LOGGING_MISSING',
      'method pope weighs responses by the logging policy: give its score files (--logging SCORES), or the word log for the propensities in the log',
    );
  }
  const policy = new LocalPolicy(model, { ...encoding, batchTokens: settings.batchTokens });
  const sources = { policy, logging: logging ?? null, reference: null, splitRatio, splitSeed, partition, signal };
  return { sources, encoded: await encodeLog(log, sources, settings) };
}

async function referenceOf(
  { sources, encoded }: Awaited<ReturnType<typeof openTraining>>,
  { reference }: TrainingSources,
  settings: ResolvedSettings,
  { ranks, path, isComplete, signal, onScored }: OwnReference,
): Promise<Policy | null> {
  if (!needsReference(settings)) return null;
  if (reference !== undefined) return reference;
  // A resumed run has the scores of the initial model already, and only another model to score with.
  if (!isComplete) {
    await ranks.byFirst(async () => {
      await scoreToFile(sources.policy, encoded.slates, path, {
        ...(signal ? { signal } : {}),
        onProgress: ({ queries }) => onScored?.(queries),
      });
    });
  }
  return scoreFile(path);
}

export function scheduleOf(settings: ResolvedSettings, { train }: TrainingLog): Schedule {
  const { schedule: name, lr: rate, warmup, epochs, batch } = settings;
  const steps = settings.steps ?? Math.ceil(epochs * Math.ceil(train.length / batch));
  const schedule: Schedule = { name, rate, warmup, steps };
  checkSchedule(schedule);
  return schedule;
}

/** lambda_div 'auto' is balanced once, on the training slates under the initial model. */
function settledLambdaDiv(
  { lambdaDiv, method, normalise, form, lambdaCu }: ResolvedSettings,
  { train }: TrainingLog,
): number {
  if (lambdaDiv !== 'auto') return lambdaDiv;
  if (method !== 'pope') return 0;
  const logProb = Float64Array.from(
    train.flatMap(({ responses }) => responses),
    ({ referenceLogProb }) => referenceLogProb,
  );
  return balancedLambdaDiv(batchOf(train, { logProb, entropy: null }), normalise, form, lambdaCu);
}

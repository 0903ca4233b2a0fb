import type { Slate, SlateLog } from '../data/slate.js';
import { type Split, type SplitRatio, splitOf } from '../data/split.js';
import { TrainedQueries } from '../data/trained-queries.js';
import { DataError } from '../errors.js';
import { propensity, type Score, ScoreStream } from '../estimators/score-stream.js';
import type { EncodedQuery } from '../policy/encoded-query.js';
import type { LocalPolicy } from '../policy/local-policy.js';
import type { Policy } from '../policy/policy.js';
import { slateReward } from '../reward/index.js';
import { likelihoodWeights, type WeighedSlate, weighedSlate } from './likelihood-weights.js';
import { isLikelihood, type ResolvedSettings } from './options.js';
import type { TrainingResponse, TrainingSlate } from './training-slate.js';

/** Why slates of the log do not train. */
export interface LeftOut {
  /** Nobody voted on any of their responses. */
  noPreference: number;
  /** None of their responses has a likelihood weight. */
  weightless: number;
  /** They exceed the model's context (`onOverflow: 'skip'`). */
  tooLong: number;
}

export interface TrainingLog {
  train: TrainingSlate[];
  validation: TrainingSlate[];
  /** Of the training split. */
  leftOut: LeftOut;
}

/** Which slates train, which validate, and which are held out ('test'), where it is not the split by ratio and seed. */
export interface Partition {
  /** What the outcome follows from, for config.json. */
  description: object;
  splitOf(slate: Slate): Split;
}

export interface TrainingLogSources {
  /** Turns text into token ids. */
  policy: LocalPolicy;
  /** 'log': the log's own propensities; null: no propensities are known. */
  logging: Policy | 'log' | null;
  /** Null where the method needs none. */
  reference: Policy | null;
  splitRatio: SplitRatio | undefined;
  splitSeed: number | undefined;
  partition: Partition | undefined;
  signal: AbortSignal | undefined;
}

/** The slates of the training split, and the first of the validation split, as token ids. */
export interface EncodedLog {
  /** The encoded slates of the log alone, to be read as often as wanted. */
  slates: AsyncIterable<Slate>;
  encoded: ReadonlyMap<string, EncodedQuery>;
  isValidation(query: string): boolean;
  /** All queries of both splits. */
  queries: TrainedQueries;
  tooLong: number;
}

/** Reads the log once. @throws what the log and the encoder throw */
export async function encodeLog(
  log: SlateLog,
  { policy, splitRatio, splitSeed, partition, signal }: TrainingLogSources,
  { validationQueries }: Pick<ResolvedSettings, 'validationQueries'>,
): Promise<EncodedLog> {
  const validation = new Set<string>();
  const splits: [hash: number, split: Split][] = [];
  let trained = 0;
  async function* chosen(): AsyncGenerator<Slate> {
    for await (const slate of log) {
      signal?.throwIfAborted();
      const split = partition?.splitOf(slate) ?? splitOf(slate.id, splitRatio, splitSeed);
      if (split === 'test') continue;
      splits.push([TrainedQueries.hashOf(slate), split]);
      if (split === 'validation' && validation.size === validationQueries) continue;
      if (split === 'validation') validation.add(slate.id);
      else trained++;
      yield slate;
    }
  }
  const encoded = new Map<string, EncodedQuery>();
  for await (const batch of policy.batches(chosen())) for (const query of batch) encoded.set(query.query, query);
  const training = [...encoded.keys()].filter((query) => !validation.has(query)).length;
  async function* slates(): AsyncGenerator<Slate> {
    for await (const slate of log) if (encoded.has(slate.id)) yield slate;
  }
  return {
    slates: { [Symbol.asyncIterator]: slates },
    encoded,
    isValidation: (query) => validation.has(query),
    queries: TrainedQueries.of(splits),
    tooLong: trained - training,
  };
}

/** A slate with everything but its likelihood weights. */
interface ReadSlate extends WeighedSlate {
  query: string;
  weight: number;
  prompt: readonly number[];
  responses: Omit<TrainingResponse, 'likelihoodWeight'>[];
}

/**
 * Reads the encoded part of the log beside the scores of the policies that the method needs. Slates on which nobody voted
 * carry no preference and are left out of both splits.
 *
 * @throws DataError NOTHING_TO_TRAIN when no slate is left; SCORE_MISSING, SCORE_MISMATCH, PROPENSITY_MISSING; what
 *   rewards throw
 */
export async function readTrainingLog(
  { slates, encoded, isValidation, tooLong }: EncodedLog,
  sources: TrainingLogSources,
  settings: ResolvedSettings,
): Promise<TrainingLog> {
  const { logging, reference, signal } = sources;
  const stream = (policy: Policy | 'log' | null, role: 'logging' | 'reference') =>
    policy === null || policy === 'log' ? null : new ScoreStream(policy, role, slates, signal);
  const loggingScores = stream(logging, 'logging');
  const referenceScores = stream(reference, 'reference');
  const splits: { train: ReadSlate[]; validation: ReadSlate[] } = { train: [], validation: [] };
  let noPreference = 0;
  try {
    for await (const slate of slates) {
      signal?.throwIfAborted();
      const ofLogging =
        logging === 'log'
          ? slate.responses.map((response) => propensity(slate, response))
          : ((await loggingScores?.next(slate)) ?? null);
      const ofReference = (await referenceScores?.next(slate)) ?? null;
      const validates = isValidation(slate.id);
      const reward = slateReward(slate, { reward: settings.reward ?? undefined });
      if (reward.noPreference) {
        if (!validates) noPreference++;
        continue;
      }
      const read = readSlate(slate, encoded.get(slate.id)!, reward.rewards, ofLogging, ofReference);
      splits[validates ? 'validation' : 'train'].push(read);
    }
    for (const scores of [loggingScores, referenceScores]) await scores?.finish();
  } finally {
    await Promise.all([loggingScores?.close(), referenceScores?.close()]);
  }
  const train = weigh(splits.train, settings);
  const leftOut = { noPreference, weightless: splits.train.length - train.length, tooLong };
  if (train.length === 0) throw nothingToTrain(leftOut);
  return { train, validation: weigh(splits.validation, settings), leftOut };
}

function readSlate(
  slate: Slate,
  { prompt, responses }: EncodedQuery,
  rewards: Float64Array,
  logging: readonly Score[] | null,
  reference: readonly Score[] | null,
): ReadSlate {
  return {
    query: slate.id,
    weight: slate.weight ?? 1,
    prompt,
    ...weighedSlate(slate, rewards),
    responses: responses.map(({ id, ids, bytes }, k) => ({
      id,
      ids,
      bytes,
      reward: rewards[k]!,
      loggingLogProb: logging?.[k]?.logprob ?? Number.NaN,
      loggingTokens: logging?.[k]?.tokens ?? ids.length,
      referenceLogProb: reference?.[k]?.logprob ?? Number.NaN,
    })),
  };
}

function weigh(slates: readonly ReadSlate[], settings: ResolvedSettings): TrainingSlate[] {
  const weights = likelihoodWeights(slates, settings);
  const weighed = slates.map(({ query, weight, prompt, responses }, i) => ({
    query,
    weight,
    prompt,
    responses: responses.map((response, k) => ({ ...response, likelihoodWeight: weights[i]![k]! })),
  }));
  const trains = ({ weight, responses }: TrainingSlate) =>
    weight > 0 && (!isLikelihood(settings.method) || responses.some(({ likelihoodWeight }) => likelihoodWeight > 0));
  return weighed.filter(trains);
}

function nothingToTrain({ noPreference, weightless, tooLong }: LeftOut): DataError {
  const reasons = [
    [noPreference, 'have no votes'],
    [weightless, 'weigh nothing'],
    [tooLong, "exceed the model's context"],
  ]
    .filter(([count]) => count !== 0)
    .map(([count, why]) => `${count} ${why}`);
  const why = reasons.length > 0 ? reasons.join(', ') : 'none of its queries is in the training split';
  return new DataError('NOTHING_TO_TRAIN', `the log has no query to train on: ${why}`);
}

import type { TokenSlate } from '../models/packing.js';
import type { Batch } from './objectives/batch.js';

/** A response as training sees it. Log-probabilities are sums, nats; NaN where the method needs none. */
export interface TrainingResponse {
  readonly id: string;
  readonly ids: readonly number[];
  readonly bytes: number;
  readonly reward: number;
  readonly likelihoodWeight: number;
  readonly loggingLogProb: number;
  readonly loggingTokens: number;
  readonly referenceLogProb: number;
}

export interface TrainingSlate {
  readonly query: string;
  /** omega */
  readonly weight: number;
  readonly prompt: readonly number[];
  readonly responses: readonly TrainingResponse[];
}

/** What the model says of the responses of some slates, flat over them. */
export interface ModelScores {
  /** Sums [M], nats. */
  logProb: Float64Array;
  /** Mean token entropies [M], nats; null unless asked for. */
  entropy: Float64Array | null;
}

/** Slates and their scores as the objectives take them. */
export function batchOf(slates: readonly TrainingSlate[], { logProb, entropy }: ModelScores): Batch {
  const responses = slates.flatMap((slate) => slate.responses);
  const column = (of: (response: TrainingResponse) => number) => Float64Array.from(responses, of);
  const offsets = new Int32Array(slates.length + 1);
  for (const [i, slate] of slates.entries()) offsets[i + 1] = offsets[i]! + slate.responses.length;
  return {
    queryIds: slates.map(({ query }) => query),
    offsets,
    queryWeight: Float64Array.from(slates, ({ weight }) => weight),
    clusters: null,
    reward: column(({ reward }) => reward),
    targetLogProb: logProb,
    loggingLogProb: column(({ loggingLogProb }) => loggingLogProb),
    targetTokens: column(({ ids }) => ids.length),
    loggingTokens: column(({ loggingTokens }) => loggingTokens),
    bytes: column(({ bytes }) => bytes),
    referenceLogProb: column(({ referenceLogProb }) => referenceLogProb),
    entropy,
    likelihoodWeight: column(({ likelihoodWeight }) => likelihoodWeight),
  };
}

/** A slate as models take it. */
export function tokenSlate({ prompt, responses }: TrainingSlate): TokenSlate {
  return { prompt, responses: responses.map(({ ids }) => ids) };
}

/** At most `count` of the slates, evenly spread. */
export function evenly<T>(all: readonly T[], count: number): T[] {
  const taken = Math.min(count, all.length);
  return Array.from({ length: taken }, (_, i) => all[Math.floor((i * all.length) / taken)]!);
}

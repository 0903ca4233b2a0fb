import type { Normalisation } from './result.js';

/** Whole numbers; NaN for one that is not known, where the caller allows that. */
type Counts = Int32Array | Float64Array;

/**
 * What an evaluation keeps of a log and its scores: numbers only, flat over the M responses of N slates. Slate i holds
 * the responses [offsets[i], offsets[i + 1]).
 */
export interface LogColumns {
  queryIds: readonly string[];
  /** [N + 1] */
  offsets: Int32Array;
  /** omega [N]. */
  queryWeight: Float64Array;
  /** Cluster of each query as a number [N]; null where the log names none: queries are then resampled one by one. */
  clusters: Int32Array | null;
  /** r [M], in [0, 1]. */
  reward: Float64Array;
  /** Sums of token log-probabilities [M], nats. */
  targetLogProb: Float64Array;
  loggingLogProb: Float64Array;
  /** [M] */
  targetTokens: Counts;
  loggingTokens: Counts;
  /** UTF-8 bytes of the text [M]. */
  bytes: Counts;
}

type Scores = Pick<LogColumns, 'targetLogProb' | 'loggingLogProb' | 'targetTokens' | 'loggingTokens' | 'bytes'>;

/** Z of the two policies [M]; null where it is 1. */
export function lengths(
  { targetTokens, loggingTokens, bytes }: Pick<Scores, 'targetTokens' | 'loggingTokens' | 'bytes'>,
  normalise: Normalisation,
): { target: Counts; logging: Counts } | null {
  if (normalise === 'none') return null;
  return normalise === 'tokens' ? { target: targetTokens, logging: loggingTokens } : { target: bytes, logging: bytes };
}

/** The log-probabilities divided by Z: l and l0 of docs/theory.md section 2, both [M]. */
export function normalised(
  scores: Scores,
  normalise: Normalisation,
): { logProb: Float64Array; loggingLogProb: Float64Array } {
  const { targetLogProb, loggingLogProb } = scores;
  const z = lengths(scores, normalise);
  if (z === null) return { logProb: targetLogProb, loggingLogProb };
  return {
    logProb: targetLogProb.map((sum, k) => sum / z.target[k]!),
    loggingLogProb: loggingLogProb.map((sum, k) => sum / z.logging[k]!),
  };
}

/** Which part of a log a group is. */
export interface Selection {
  /** Slates, ascending. */
  queries: readonly number[];
  /** Responses [selected], ascending, at least one of each of these slates; omitted: all of theirs. */
  responses?: readonly number[];
  /** Rewards of the selected responses; omitted: those of the log. */
  rewards?: readonly number[];
}

/** Columns of the selected slates and responses alone. */
export function select(columns: LogColumns, { queries, responses, rewards }: Selection): LogColumns {
  const kept = responses ?? queries.flatMap((i) => range(columns.offsets[i]!, columns.offsets[i + 1]!));
  const pickResponses = (column: Float64Array) => Float64Array.from(kept, (k) => column[k]!);
  const pickCounts = (column: Counts) => Int32Array.from(kept, (k) => column[k]!);
  const offsets = new Int32Array(queries.length + 1);
  let next = 0;
  for (const [row, i] of queries.entries()) {
    while (next < kept.length && kept[next]! < columns.offsets[i + 1]!) next++;
    offsets[row + 1] = next;
  }
  return {
    queryIds: queries.map((i) => columns.queryIds[i]!),
    offsets,
    queryWeight: Float64Array.from(queries, (i) => columns.queryWeight[i]!),
    clusters: columns.clusters && Int32Array.from(queries, (i) => columns.clusters![i]!),
    reward: rewards ? Float64Array.from(rewards) : pickResponses(columns.reward),
    targetLogProb: pickResponses(columns.targetLogProb),
    loggingLogProb: pickResponses(columns.loggingLogProb),
    targetTokens: pickCounts(columns.targetTokens),
    loggingTokens: pickCounts(columns.loggingTokens),
    bytes: pickCounts(columns.bytes),
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, k) => from + k);
}

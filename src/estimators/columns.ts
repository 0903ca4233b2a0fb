import type { Normalisation } from './result.js';

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
  targetTokens: Float64Array;
  loggingTokens: Float64Array;
  /** UTF-8 bytes of the text [M]. */
  bytes: Float64Array;
}

/** The log-probabilities divided by Z: l and l0 of docs/theory.md section 2, both [M]. */
export function normalised(
  columns: LogColumns,
  normalise: Normalisation,
): { logProb: Float64Array; loggingLogProb: Float64Array } {
  const { targetLogProb, loggingLogProb, targetTokens, loggingTokens, bytes } = columns;
  if (normalise === 'none') return { logProb: targetLogProb, loggingLogProb };
  const tokens = normalise === 'tokens';
  return {
    logProb: targetLogProb.map((sum, k) => sum / (tokens ? targetTokens : bytes)[k]!),
    loggingLogProb: loggingLogProb.map((sum, k) => sum / (tokens ? loggingTokens : bytes)[k]!),
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
    targetTokens: pickResponses(columns.targetTokens),
    loggingTokens: pickResponses(columns.loggingTokens),
    bytes: pickResponses(columns.bytes),
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, k) => from + k);
}

import { setImmediate } from 'node:timers/promises';
import type { SlateLog } from '../native/objective.js';
import { type LogColumns, normalised } from './columns.js';
import type { Normalisation } from './result.js';

/** Responses of a block: some milliseconds of work, and memory that does not count. */
const BLOCK = 1 << 15;

/** Whole slates of a log, those from number `first` on. */
export interface LogBlock {
  first: number;
  log: SlateLog & { queryWeight: Float64Array };
}

/** A log slate by slate in blocks, between which the event loop has its turn. */
export async function* blocksOf(
  columns: LogColumns,
  normalise: Normalisation,
  signal?: AbortSignal,
): AsyncGenerator<LogBlock> {
  const { offsets, queryWeight } = columns;
  const slates = queryWeight.length;
  for (let first = 0; first < slates; ) {
    let end = first + 1;
    while (end < slates && offsets[end + 1]! - offsets[first]! <= BLOCK) end++;
    yield { first, log: blockOf(columns, normalise, first, end) };
    first = end;
    if (first === slates) return;
    await setImmediate();
    signal?.throwIfAborted();
  }
}

function blockOf(columns: LogColumns, normalise: Normalisation, first: number, end: number): LogBlock['log'] {
  const start = columns.offsets[first]!;
  const range = [start, columns.offsets[end]!] as const;
  return {
    ...normalised(
      {
        targetLogProb: columns.targetLogProb.subarray(...range),
        loggingLogProb: columns.loggingLogProb.subarray(...range),
        targetTokens: columns.targetTokens.subarray(...range),
        loggingTokens: columns.loggingTokens.subarray(...range),
        bytes: columns.bytes.subarray(...range),
      },
      normalise,
    ),
    reward: columns.reward.subarray(...range),
    slateOffsets: columns.offsets.subarray(first, end + 1).map((offset) => offset - start),
    queryWeight: columns.queryWeight.subarray(first, end),
  };
}

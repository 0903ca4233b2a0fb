import { POISSON_FROM } from './bootstrap.js';
import type { LogColumns } from './columns.js';
import { fillIntervals } from './fill-intervals.js';
import type { Estimate, ResolvedOptions } from './result.js';
import { estimateRow, type Row } from './row.js';
import type { RowRequest } from './row-requests.js';
import type { ScoreFacts } from './verdict.js';

export interface RowsOptions {
  resolved: ResolvedOptions;
  scores: ScoreFacts;
  signal: AbortSignal | undefined;
  /** Of which rows the statistics are asked for later; those of the others go, for they are columns of the log's length. */
  keeps: (row: Estimate) => boolean;
  /** Resamples done, of those that each row has. */
  onResample?: ((done: number) => void) | undefined;
}

/**
 * Rows of one part of a log, with intervals from the same resamples. Those of a small part are resampled together; of a large one,
 * where resamples are counts that cost next to nothing, row by row, so that the memory is that of one row.
 */
export async function estimateRows(
  columns: LogColumns,
  requests: readonly RowRequest[],
  { resolved, scores, signal, keeps, onResample }: RowsOptions,
): Promise<Row[]> {
  const together = columns.queryIds.length < POISSON_FROM ? requests.length : 1;
  const rows: Row[] = [];
  for (let first = 0; first < requests.length; first += together) {
    const batch: Row[] = [];
    for (const request of requests.slice(first, first + together)) {
      batch.push(await estimateRow(columns, { ...resolved, ...request, scores, signal }));
    }
    const shareDone = (done: number) =>
      Math.floor((first * resolved.resamples + batch.length * done) / requests.length);
    await fillIntervals(columns, batch, { resolved, signal, onResample: (done) => onResample?.(shareDone(done)) });
    for (const row of batch) rows.push(keeps(row.estimate) ? row : { ...row, statistics: null });
  }
  return rows;
}

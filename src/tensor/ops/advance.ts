import type { Tensor } from '../tensor.js';
import { expectDType, expectShape } from './check.js';

/** What the rows of a decode step read, and `advance` moves on; i32. */
export interface DecodeRows {
  /** Last token of each row, [rows]. */
  ids: Tensor<'i32'>;
  /** Its position, [rows]. */
  positions: Tensor<'i32'>;
  /** The position's row of the rotary tables, [rows]; null without them. */
  tableRows: Tensor<'i32'> | null;
  /** Row of the cache for its key and value, [rows]. */
  cacheRows: Tensor<'i32'>;
  /** What it sees of the cache, [rows, 4], for `attentionDecode`. */
  spans: Tensor<'i32'>;
  /** Tokens that a row may still draw, [rows]; 0: it has ended. */
  left: Tensor<'i32'>;
}

/** What was drawn in the latest steps, [steps, rows]: the token of number t stands in row t mod steps. */
export interface DecodeHistory {
  ids: Tensor<'i32'>;
  logProbs: Tensor<'f32'>;
}

/** Tokens that were drawn for the rows from `first` on. */
export interface Draw {
  first: number;
  /** i32 [count] */
  ids: Tensor<'i32'>;
  /** f32 [count] */
  logProbs: Tensor<'f32'>;
  /** Those of `sample`, i32 [count, 3]: their third column is moved on too. */
  counters: Tensor<'i32'>;
}

/**
 * Writes tokens into the history and moves their rows on by one, in place (native/kernels/decode/advance.h). Rows that draw
 * one of `stops`, i32 [n], or their last token end: they stay as they are from then on. It is not recorded on a tape.
 * Throws `UsageError`.
 */
export function advance(rows: DecodeRows, history: DecodeHistory, draw: Draw, stops: Tensor<'i32'>): void {
  const [count] = draw.ids.shape as [number];
  const [size] = rows.ids.shape as [number];
  const [steps] = history.ids.shape as [number];
  const check = (name: string, tensor: Tensor, shape: readonly (number | null)[]) => {
    expectDType('advance', name, tensor, name.endsWith('logProbs') ? 'f32' : 'i32');
    expectShape('advance', name, tensor, shape);
  };
  for (const name of ['ids', 'positions', 'cacheRows', 'left'] as const) check(name, rows[name], [size]);
  if (rows.tableRows) check('tableRows', rows.tableRows, [size]);
  check('spans', rows.spans, [size, 4]);
  check('history.ids', history.ids, [steps, size]);
  check('history.logProbs', history.logProbs, [steps, size]);
  check('draw.ids', draw.ids, [count]);
  check('draw.logProbs', draw.logProbs, [count]);
  check('draw.counters', draw.counters, [count, 3]);
  check('stops', stops, [null]);
  const { ids, positions, tableRows, cacheRows, spans, left } = rows;
  ids.device.run(
    'advance',
    [draw.ids, draw.logProbs, stops],
    [ids, positions, tableRows, cacheRows, spans, draw.counters, left, history.ids, history.logProbs],
    [draw.first, count, size, stops.size, steps],
  );
}

import { describe, expect, it } from 'vitest';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';
import { implementations } from '../../helpers/implementations.js';

const exact = { atol: 0, rtol: 0 };

/** [rows of the table, width, rows taken] */
const shapes = [
  [5, 7, 0],
  [5, 0, 3],
  [1, 1, 1],
  [97, 33, 61],
  [7, 64, 9],
  [3, 17, 200],
] as const;

describe.each(['embedding', 'gather_rows'])('%s', (op) => {
  /** The two ops differ in the order of their arguments only. */
  const arguments_ = <T>(table: T, index: Int32Array, rows: number, width: number) =>
    op === 'embedding'
      ? { inputs: [index, table], dims: [index.length, rows, width] }
      : { inputs: [table, index], dims: [rows, width, index.length] };

  it.each(shapes)('table [%i, %i], %i rows', (rows, width, count) => {
    const index = Int32Array.from({ length: count }, (_, i) => (i * 7919 + rows - 1) % rows);
    const call = arguments_(randomNumbers(rows * width, 1), index, rows, width);
    checkOp(op, { ...call, outputs: [count * width], tolerance: exact });
  });

  // A table of 16 bits, of whatever numbers but NaN.
  if (op === 'embedding') {
    it.each(shapes)('table [%i, %i] of 16 bits, %i rows', (rows, width, count) => {
      const index = Int32Array.from({ length: count }, (_, i) => (i * 7919 + rows - 1) % rows);
      const table = Uint16Array.from({ length: rows * width }, (_, i) => ((i * 7919) % 0x7c00) | ((i & 1) << 15));
      const { inputs, dims } = arguments_(table, index, rows, width);
      for (const dtype of [1, 2]) {
        checkOp(op, { inputs, dims: [...dims, dtype], outputs: [count * width], tolerance: exact });
      }
    });
  }

  describe.each(implementations)('%s', (_, addon) => {
    it.each([-1, 5, 2 ** 31 - 1, -(2 ** 31)])('refuses index %i and names its place', (wrong) => {
      const { inputs, dims } = arguments_(new Float32Array(10), Int32Array.of(0, 4, wrong), 5, 2);
      const run = () => addon().runSync(op, inputs, [new Float32Array(6)], dims, []);
      expect(run).toThrowError(
        expect.objectContaining({
          code: 'OUT_OF_RANGE',
          index: 2,
          message: `${op}: index ${wrong} at position 2 is outside the 5 rows of the table`,
        }),
      );
    });
  });
});

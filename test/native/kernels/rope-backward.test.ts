import { describe, expect, it } from 'vitest';
import { checkGradient } from '../../helpers/check-gradient.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';
import { implementations } from '../../helpers/implementations.js';

function problem(rows: number, heads: number, head: number, rotary: number, table: number) {
  const half = rotary / 2;
  return {
    inputs: [
      randomNumbers(rows * heads * head, 1),
      Int32Array.from({ length: rows }, (_, i) => (i * 7919 + table - 1) % table),
      randomNumbers(table * half, 2),
      randomNumbers(table * half, 3),
    ],
    outputs: [rows * heads * head],
    dims: [rows, heads, head, rotary, table],
  };
}

describe('rope_backward', () => {
  it.each([
    [0, 2, 8, 8, 4],
    [1, 1, 2, 2, 1],
    [19, 3, 10, 10, 7],
    [5, 2, 16, 6, 11],
    [5, 2, 7, 0, 3],
    [37, 4, 64, 64, 50],
  ])('%i rows, %i heads of %i, %i rotated, table of %i', (...shape) => {
    checkOp('rope_backward', problem(...shape));
  });

  it('is the derivative of rope', () => {
    checkGradient({
      forward: { op: 'rope', ...problem(3, 2, 7, 4, 5) },
      backward: { op: 'rope_backward', inputs: ([, ...tables], _, [dy]) => [dy!, ...tables], gradients: [0] },
    });
  });

  it.each(implementations)('refuses a position outside the table and names its row, %s', (_, addon) => {
    const { inputs, dims } = problem(2, 1, 4, 4, 3);
    const arrays = inputs.map((input) => (Array.isArray(input) ? Float32Array.from(input) : Int32Array.of(0, 3)));
    expect(() => addon().runSync('rope_backward', arrays, [new Float32Array(8)], dims, [])).toThrowError(
      expect.objectContaining({
        code: 'OUT_OF_RANGE',
        message: 'rope_backward: position 3 of row 1 is outside the table of 3 positions',
      }),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { checkGradient } from '../../helpers/check-gradient.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';
import { implementations } from '../../helpers/implementations.js';

/** [rows of the table, width, rows taken]: rows taken many times, once and never. */
const shapes = [
  [5, 7, 0],
  [5, 0, 3],
  [1, 1, 1],
  [97, 33, 61],
  [3, 130, 200],
] as const;

const spread = (rows: number, count: number) => Int32Array.from({ length: count }, (_, i) => (i * i + rows - 1) % rows);

describe('embedding_backward', () => {
  it.each(shapes)('adds to a table [%i, %i] from %i rows', (vocab, width, rows) => {
    checkOp('embedding_backward', {
      inputs: [spread(vocab, rows), randomNumbers(rows * width, 1)],
      outputs: [randomNumbers(vocab * width, 2)],
      dims: [rows, vocab, width],
    });
  });

  it('is the derivative of embedding', () => {
    checkGradient({
      forward: {
        op: 'embedding',
        inputs: [Int32Array.of(3, 0, 3, 1), randomNumbers(5 * 3, 1)],
        outputs: [4 * 3],
        dims: [4, 5, 3],
      },
      backward: { op: 'embedding_backward', inputs: ([ids], _, [dy]) => [ids!, dy!], gradients: [1] },
    });
  });
});

describe('gather_rows_backward', () => {
  it.each(shapes)('overwrites [%i, %i] from %i rows', (rows, width, count) => {
    checkOp('gather_rows_backward', {
      inputs: [randomNumbers(count * width, 1), spread(rows, count)],
      outputs: [rows * width],
      dims: [rows, width, count],
    });
  });

  it('is the derivative of gather_rows', () => {
    checkGradient({
      forward: {
        op: 'gather_rows',
        inputs: [randomNumbers(5 * 3, 1), Int32Array.of(4, 1, 4)],
        outputs: [3 * 3],
        dims: [5, 3, 3],
      },
      backward: { op: 'gather_rows_backward', inputs: ([, index], _, [dy]) => [dy!, index!], gradients: [0] },
    });
  });
});

describe.each([
  ['embedding_backward', [Int32Array.of(0, 4, 5), new Float32Array(6)], [3, 5, 2]],
  ['gather_rows_backward', [new Float32Array(6), Int32Array.of(0, 4, 5)], [5, 2, 3]],
] as const)('%s', (op, inputs, dims) => {
  it.each(implementations)('refuses an index outside the table and names its place, %s', (_, addon) => {
    const run = () => addon().runSync(op, inputs, [new Float32Array(10)], dims, []);
    const message = `${op}: index 5 at position 2 is outside the 5 rows of the table`;
    expect(run).toThrowError(expect.objectContaining({ code: 'OUT_OF_RANGE', message, index: 2 }));
  });
});

import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/native/loader.js';
import { checkGradient } from '../../helpers/check-gradient.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';

const sizes = [0, 1, 17, 1009, 32769, 70001];

describe('fill', () => {
  it.each(sizes)('n = %i', (n) => {
    checkOp('fill', { inputs: [], outputs: [n], dims: [n], scalars: [-1.25] });
  });
});

describe('accumulate', () => {
  it.each(sizes)('n = %i', (n) => {
    const [x, y] = [randomNumbers(n, 1), randomNumbers(n, 2)];
    checkOp('accumulate', { inputs: [x], outputs: [y], dims: [n], scalars: [-0.7] });
  });

  it('refuses counts that contradict each other', () => {
    const run = () => loadAddon().runSync('accumulate', [new Float32Array(3)], [new Float32Array(4)], [4], [1]);
    expect(run).toThrowError(expect.objectContaining({ code: 'SHAPE' }));
  });
});

describe('columns_backward', () => {
  it.each([
    [0, 5, 1, 2],
    [3, 5, 2, 0],
    [1, 1, 0, 1],
    [37, 101, 17, 61],
    [37, 101, 40, 61],
  ])('[%i, %i] from %i, %i columns, added to what is there', (rows, width, start, count) => {
    const inputs = [randomNumbers(rows * count, 1)];
    checkOp('columns_backward', {
      inputs,
      outputs: [randomNumbers(rows * width, 2)],
      dims: [rows, width, start, count],
    });
  });

  it('is the derivative of columns', () => {
    checkGradient({
      forward: { op: 'columns', inputs: [randomNumbers(3 * 7, 1)], outputs: [3 * 4], dims: [3, 7, 2, 4] },
      backward: { op: 'columns_backward', inputs: (_, __, [dy]) => [dy!], gradients: [0] },
    });
  });

  it('refuses columns beyond the width', () => {
    const run = () =>
      loadAddon().runSync('columns_backward', [new Float32Array(6)], [new Float32Array(10)], [2, 5, 3, 3], []);
    expect(run).toThrowError(
      expect.objectContaining({ code: 'SHAPE', message: expect.stringContaining('within a width of 5') }),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/native/loader.js';
import { BF16, bf16Numbers } from '../../helpers/bf16-numbers.js';
import { checkGradient } from '../../helpers/check-gradient.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';

/** [m, n, k]: empty in every way, one, primes, around the tiles, the depth of 256 rows and the chunk of 512. */
const shapes = [
  [0, 3, 4],
  [3, 0, 4],
  [3, 5, 0],
  [1, 1, 1],
  [1, 97, 64],
  [256, 12, 32],
  [257, 13, 33],
  [101, 31, 61],
  [600, 5, 130],
  [19, 517, 41],
  [19, 41, 517],
] as const;

// As in matmul: a float sum of m products.
const tolerance = (m: number) => ({ atol: 1e-5 + (m / 3) * 2 ** -24 * 4, rtol: 1e-5 });

describe.each([1, 0])('matmul_weight_gradient, transposed %i', (transposed) => {
  it.each(shapes)('adds dy [%i, %i] and x of width %i to the weight', (m, n, k) => {
    checkOp('matmul_weight_gradient', {
      inputs: [randomNumbers(m * n, 1), randomNumbers(m * k, 2)],
      outputs: [randomNumbers(n * k, 3)],
      dims: [m, n, k, transposed],
      tolerance: tolerance(m),
    });
  });

  it.each(shapes)('adds dy [%i, %i] and x of width %i of bf16 to the weight', (m, n, k) => {
    checkOp('matmul_weight_gradient', {
      inputs: [bf16Numbers(m * n, 1), bf16Numbers(m * k, 2)],
      outputs: [randomNumbers(n * k, 3)],
      dims: [m, n, k, transposed, BF16],
      tolerance: tolerance(m),
    });
  });

  it('is the derivative of matmul, as is a matmul in the other form', () => {
    const [m, n, k] = [4, 3, 5];
    const forward = {
      op: 'matmul',
      inputs: [randomNumbers(m * k, 1), randomNumbers(n * k, 2), randomNumbers(n, 3)],
      outputs: [m * n],
      dims: [m, n, k, transposed],
    };
    checkGradient({
      forward,
      backward: { op: 'matmul_weight_gradient', inputs: ([x], _, [dy]) => [dy!, x!], gradients: [1] },
    });
    checkGradient({
      forward,
      backward: {
        op: 'matmul',
        inputs: ([, weight], _, [dy]) => [dy!, weight!],
        dims: [m, k, n, 1 - transposed],
        gradients: [0],
      },
    });
    checkGradient({
      forward,
      backward: { op: 'bias_gradient', inputs: (_, __, [dy]) => [dy!], dims: [m, n], gradients: [2] },
    });
  });
});

describe('bias_gradient', () => {
  it.each([
    [0, 3],
    [3, 0],
    [1, 1],
    [31, 64],
    [1009, 67],
  ])('adds the columns of [%i, %i]', (rows, width) => {
    const inputs = [randomNumbers(rows * width, 1)];
    checkOp('bias_gradient', { inputs, outputs: [randomNumbers(width, 2)], dims: [rows, width] });
  });
});

describe.each([
  ['matmul_weight_gradient', [5, 6], 6, [2, 2, 3, 1], 'input 0'],
  ['matmul_weight_gradient', [4, 7], 6, [2, 2, 3, 1], 'input 1'],
  ['matmul_weight_gradient', [4, 6], 5, [2, 2, 3, 0], 'output 0'],
  ['bias_gradient', [5], 2, [2, 2], 'input 0'],
  ['bias_gradient', [4], 3, [2, 2], 'output 0'],
] as const)('%s', (op, inputs, output, dims, place) => {
  it(`refuses a wrong ${place}`, () => {
    const arrays = inputs.map((size) => new Float32Array(size));
    expect(() => loadAddon().runSync(op, arrays, [new Float32Array(output)], dims, [])).toThrowError(
      expect.objectContaining({ code: 'SHAPE', message: expect.stringContaining(`${op}: ${place}`) }),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/native/loader.js';
import { checkGradient } from '../../helpers/check-gradient.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';

const sizes = [0, 1, 15, 16, 17, 31, 1009, 8192, 20011];

/** Where an exponential over- or underflows and where x^2 is infinite. */
const extremes = [0, -0, 1e-30, -1e-30, 5, -5, 12, -12, 87.5, -87.5, 88.8, -88.8, 104, -104, 1e4, -1e4, 3e38, -3e38];

describe('swiglu_backward', () => {
  it.each(sizes)('n = %i', (n) => {
    const inputs = [randomNumbers(n, 1, 8), randomNumbers(n, 2), randomNumbers(n, 3)];
    checkOp('swiglu_backward', { inputs, outputs: [n, n], dims: [n] });
  });

  it('is finite and right over the whole range', () => {
    const n = extremes.length;
    const ones = extremes.map(() => 1);
    checkOp('swiglu_backward', { inputs: [extremes, ones, ones], outputs: [n, n], dims: [n] });
  });

  it('is the derivative of swiglu', () => {
    const inputs = [randomNumbers(19, 1, 4), randomNumbers(19, 2)];
    checkGradient({
      forward: { op: 'swiglu', inputs, outputs: [19], dims: [19] },
      backward: { op: 'swiglu_backward', inputs: ([gate, up], _, [dy]) => [gate!, up!, dy!], gradients: [0, 1] },
    });
  });
});

describe.each([
  ['tanh', 0],
  ['erf', 1],
])('gelu_backward, %s form', (_, form) => {
  it.each(sizes)('n = %i', (n) => {
    const inputs = [randomNumbers(n, 1, 6), randomNumbers(n, 2)];
    checkOp('gelu_backward', { inputs, outputs: [n], dims: [n, form] });
  });

  it('goes to 0 and 1 far from 0', () => {
    const n = extremes.length;
    checkOp('gelu_backward', { inputs: [extremes, extremes.map(() => 1)], outputs: [n], dims: [n, form] });
  });

  it('is the derivative of gelu', () => {
    checkGradient({
      forward: { op: 'gelu', inputs: [randomNumbers(23, 1, 4)], outputs: [23], dims: [23, form] },
      backward: { op: 'gelu_backward', inputs: ([x], __, [dy]) => [x!, dy!], gradients: [0] },
    });
  });
});

describe('the gradients of activations', () => {
  it.each(['swiglu_backward', 'gelu_backward'])('%s passes NaN on, in whole vectors and in the rest', (op) => {
    const x = new Float32Array(19).fill(1);
    x[3] = Number.NaN;
    x[18] = Number.NaN;
    const ones = new Float32Array(19).fill(1);
    const [dx, dup] = [new Float32Array(19), new Float32Array(19)];
    if (op === 'gelu_backward') loadAddon().runSync(op, [x, ones], [dx], [19, 0], []);
    else loadAddon().runSync(op, [x, ones, ones], [dx, dup], [19], []);
    expect([...dx.keys()].filter((i) => Number.isNaN(dx[i]))).toEqual([3, 18]);
  });

  it('gelu_backward refuses another form', () => {
    const arrays = [new Float32Array(2), new Float32Array(2)];
    expect(() => loadAddon().runSync('gelu_backward', arrays, [new Float32Array(2)], [2, 2], [])).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

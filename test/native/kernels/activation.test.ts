import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/native/loader.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';

const sizes = [0, 1, 15, 16, 17, 31, 1009, 8192, 20011];

/** Where an exponential over- or underflows, and where a difference of nearly equal numbers would lose everything. */
const extremes = [0, -0, 1e-30, -1e-30, 5, -5, 12, -12, 87.5, -87.5, 88.8, -88.8, 104, -104, 1e4, -1e4, 3e38];

/** For results from tiny to huge: the relative error of about ten rounded steps. Below 1e-30 the float e^-g overflows. */
const relative = { atol: 1e-30, rtol: 2e-6 };

describe('swiglu', () => {
  it.each(sizes)('n = %i', (n) => {
    checkOp('swiglu', { inputs: [randomNumbers(n, 1, 8), randomNumbers(n, 2)], outputs: [n], dims: [n] });
  });

  it('is accurate over the whole range', () => {
    const n = extremes.length;
    checkOp('swiglu', { inputs: [extremes, extremes.map(() => 1)], outputs: [n], dims: [n], tolerance: relative });
  });
});

describe.each([
  ['tanh', 0],
  ['erf', 1],
])('gelu, %s form', (_, form) => {
  it.each(sizes)('n = %i', (n) => {
    checkOp('gelu', { inputs: [randomNumbers(n, 1, 6)], outputs: [n], dims: [n, form] });
  });

  it('goes to 0 and x far from 0', () => {
    const n = extremes.length;
    checkOp('gelu', { inputs: [extremes], outputs: [n], dims: [n, form] });
  });
});

describe('the activations', () => {
  it.each(['swiglu', 'gelu'])('%s passes NaN on, in whole vectors and in the rest', (op) => {
    const x = new Float32Array(19).fill(1);
    x[3] = Number.NaN;
    x[18] = Number.NaN;
    const out = new Float32Array(19);
    loadAddon().runSync(op, op === 'gelu' ? [x] : [x, new Float32Array(19).fill(1)], [out], [19, 0], []);
    expect([...out.keys()].filter((i) => Number.isNaN(out[i]))).toEqual([3, 18]);
  });

  it('gelu refuses another form', () => {
    const run = () => loadAddon().runSync('gelu', [new Float32Array(2)], [new Float32Array(2)], [2, 2], []);
    expect(run).toThrowError(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

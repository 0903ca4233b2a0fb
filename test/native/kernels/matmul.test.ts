import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/native/loader.js';
import { BF16, bf16Numbers } from '../../helpers/bf16-numbers.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';

/**
 * [m, n, k]: empty in every way, one, primes, exactly and just over the tiles (12 x 32, 4 x 24, 4 x 8), the depth of 256, the
 * 512 rows that tasks share, and the 8 rows and 512 columns of products of few rows. bf16 numbers may come in pairs along k.
 */
const shapes = [
  [0, 3, 4],
  [3, 0, 4],
  [3, 5, 0],
  [1, 1, 1],
  [1, 97, 64],
  [2, 3, 5],
  [12, 32, 256],
  [13, 33, 257],
  [24, 64, 8],
  [31, 61, 101],
  [5, 130, 600],
  [8, 1030, 37],
  [517, 41, 19],
  [517, 530, 7],
] as const;

describe.each([true, false])('matmul, transposed %s', (transposed) => {
  it.each(shapes)('[%i, %i], k = %i', (m, n, k) => {
    const inputs = [randomNumbers(m * k, 1), randomNumbers(n * k, 2)];
    const dims = [m, n, k, Number(transposed)];
    // A float sum of k products errs by at most k units in the last place of sum |a b|, here below k / 3.
    const tolerance = { atol: 1e-5 + (k / 3) * 2 ** -24 * 4, rtol: 1e-5 };
    checkOp('matmul', { inputs, outputs: [m * n], dims, tolerance });
    checkOp('matmul', { inputs: [...inputs, randomNumbers(n, 3)], outputs: [m * n], dims, tolerance });
  });

  it.each(shapes)('[%i, %i], k = %i, of bf16', (m, n, k) => {
    const inputs = [bf16Numbers(m * k, 1), bf16Numbers(n * k, 2), randomNumbers(n, 3)];
    const dims = [m, n, k, Number(transposed), BF16];
    // Products of bf16 numbers are exact in float; their sum errs as above.
    const tolerance = { atol: 1e-5 + (k / 3) * 2 ** -24 * 4, rtol: 1e-5 };
    checkOp('matmul', { inputs, outputs: [m * n], dims, tolerance });
  });

  it.each(['f32', 'bf16'])('gives a row of %s the same bits whatever the other rows are', (dtype) => {
    const [m, n, k] = [29, 71, 531];
    const numbers = (count: number, seed: number) =>
      dtype === 'bf16' ? bf16Numbers(count, seed) : Float32Array.from(randomNumbers(count, seed));
    const [a, b] = [numbers(m * k, 4), numbers(n * k, 5)];
    const rows = (from: number, count: number) => {
      const c = new Float32Array(count * n);
      const part = a.subarray(from * k, (from + count) * k);
      const dims = [count, n, k, Number(transposed), dtype === 'bf16' ? BF16 : 0];
      loadAddon().runSync('matmul', [part, b, null], [c], dims, []);
      return c;
    };
    const whole = rows(0, m);
    for (const [from, count] of [
      [0, 1],
      [7, 1],
      [3, 11],
      [5, 24],
      [28, 1],
    ] as const) {
      expect(rows(from, count)).toEqual(whole.slice(from * n, (from + count) * n));
    }
  });
});

describe('matmul', () => {
  it('leaves f16 to a GPU', () => {
    const bits = new Uint16Array(1);
    const run = () => loadAddon().runSync('matmul', [bits, bits], [new Float32Array(1)], [1, 1, 1, 0, 1], []);
    expect(run).toThrowError('matmul: on the CPU the factors of a product are f32 or bf16');
  });

  it.each([0, 1])('keeps infinity and NaN of bf16 where they are, transposed %i', (transposed) => {
    // 9 rows go through tiles, 1 through the product of a few rows; k is odd, so that a pair lacks its second number.
    const [n, k] = [3, 5];
    const [one, infinity, nan] = [0x3f80, 0x7f80, 0x7fc0];
    for (const m of [1, 9]) {
      const a = new Uint16Array(m * k).fill(one);
      a[k - 1] = infinity;
      const b = new Uint16Array(n * k).fill(one);
      b[transposed ? k : 1] = nan; // row 0 of column 1
      const c = new Float32Array(m * n);
      loadAddon().runSync('matmul', [a, b, null], [c], [m, n, k, transposed, BF16], []);
      const others = new Array(m - 1).fill([k, Number.NaN, k]).flat();
      expect([...c]).toEqual([Number.POSITIVE_INFINITY, Number.NaN, Number.POSITIVE_INFINITY, ...others]);
    }
  });

  it.each([0, 1])('shares the columns of a long product in parts, transposed %i', (transposed) => {
    const [m, n, period] = [41, 39, 15];
    const k = 3600 * period;
    const at = (i: number, p: number) => ((i + p) % 5) - 2;
    const bt = (j: number, p: number) => ((2 * j + p) % 3) - 1;
    const a = Float32Array.from({ length: m * k }, (_, x) => at(Math.floor(x / k), x % k));
    const b = Float32Array.from({ length: n * k }, (_, x) =>
      transposed ? bt(Math.floor(x / k), x % k) : bt(x % n, Math.floor(x / n)),
    );
    // Whole numbers below 2^24: no sum is rounded.
    const expected = Float32Array.from({ length: m * n }, (_, x) => {
      const [i, j] = [Math.floor(x / n), x % n];
      let sum = 0;
      for (let p = 0; p < period; p++) sum += at(i, p) * bt(j, p);
      return (k / period) * sum;
    });
    const c = new Float32Array(m * n);
    loadAddon().runSync('matmul', [a, b, null], [c], [m, n, k, transposed], []);
    expect(c).toEqual(expected);
  });

  it('carries NaN and infinity of a row into that row only', () => {
    const a = new Float32Array(14 * 3).fill(1);
    a[4] = Number.NaN;
    a[40] = Number.POSITIVE_INFINITY;
    const c = new Float32Array(14 * 2);
    loadAddon().runSync('matmul', [a, new Float32Array(6).fill(1)], [c], [14, 2, 3, 1], []);
    expect(Array.from(c).map((value) => (Number.isFinite(value) ? 0 : value))).toEqual(
      Array.from(c, (_, i) => (i >> 1 === 1 ? Number.NaN : i >> 1 === 13 ? Number.POSITIVE_INFINITY : 0)),
    );
  });

  it.each([
    ['input 0', [5, 6, 2, 4]],
    ['input 1', [6, 5, 2, 4]],
    ['input 2', [6, 6, 3, 4]],
    ['output 0', [6, 6, 2, 5]],
  ])('refuses a wrong %s', (place, [a, b, bias, c]) => {
    const run = () =>
      loadAddon().runSync(
        'matmul',
        [new Float32Array(a!), new Float32Array(b!), new Float32Array(bias!)],
        [new Float32Array(c!)],
        [2, 2, 3, 1],
        [],
      );
    expect(run).toThrowError(
      expect.objectContaining({ code: 'SHAPE', message: expect.stringContaining(`matmul: ${place}`) }),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/native/loader.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';

/** Empty, one, around the vector widths, primes, and around and over the grain of the parallel loop. */
const sizes = [0, 1, 7, 8, 15, 16, 17, 31, 61, 1009, 32768, 32769, 70001];

describe('add', () => {
  it.each(sizes)('n = %i', (n) => {
    checkOp('add', { inputs: [randomNumbers(n, 1), randomNumbers(n, 2)], outputs: [n], dims: [n] });
  });

  it('refuses counts that contradict each other', () => {
    const run = () =>
      loadAddon().runSync('add', [new Float32Array(3), new Float32Array(4)], [new Float32Array(3)], [3], []);
    expect(run).toThrowError(
      expect.objectContaining({ code: 'SHAPE', message: expect.stringContaining('add: input 1') }),
    );
  });
});

describe('cast', () => {
  const everyPattern = Uint16Array.from({ length: 65536 }, (_, i) => i);

  it.each([
    ['f16', 1],
    ['bf16', 2],
  ])('decodes all 65536 patterns of %s exactly', (_, dtype) => {
    checkOp('cast', {
      inputs: [everyPattern],
      outputs: [65536],
      dims: [65536, dtype],
      tolerance: { atol: 0, rtol: 0 },
    });
  });

  it.each(sizes)('n = %i', (n) => {
    const bits = Uint16Array.from({ length: n }, (_, i) => i * 7919);
    checkOp('cast', { inputs: [bits], outputs: [n], dims: [n, 2] });
  });

  it('refuses another dtype', () => {
    const run = () => loadAddon().runSync('cast', [new Uint16Array(2)], [new Float32Array(2)], [2, 0], []);
    expect(run).toThrowError(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('cast_into', () => {
  it.each([
    [0, 0, 0],
    [0, 7, 7],
    [3, 17, 61],
    [29, 32, 61],
    [1, 32769, 70001],
  ])('%i + %i of %i elements, and no others', (first, n, total) => {
    const bits = Uint16Array.from({ length: n }, (_, i) => i * 7919);
    checkOp('cast_into', { inputs: [bits], outputs: [randomNumbers(total, 1)], dims: [n, 2, first, total] });
  });

  it('refuses a part that the result does not have', () => {
    const run = () => loadAddon().runSync('cast_into', [new Uint16Array(2)], [new Float32Array(3)], [2, 1, 2, 3], []);
    expect(run).toThrowError(/2 elements from 2 on are more than the result's 3/);
  });
});

describe('narrow_into', () => {
  it.each([
    [0, 0, 0],
    [0, 7, 7],
    [3, 17, 61],
    [1, 32769, 70001],
  ])('%i + %i of %i elements, and no others', (first, n, total) => {
    const before = Uint16Array.from({ length: total }, (_, i) => i * 7919);
    const tolerance = { atol: 0, rtol: 0 };
    for (const dtype of [1, 2]) {
      const call = { inputs: [randomNumbers(n, 3, 100)], outputs: [before], dims: [n, dtype, first, total] };
      checkOp('narrow_into', { ...call, tolerance });
    }
  });

  it('refuses a part that the result does not have', () => {
    const run = () => loadAddon().runSync('narrow_into', [new Float32Array(2)], [new Uint16Array(3)], [2, 2, 2, 3], []);
    expect(run).toThrowError(/2 elements from 2 on are more than the result's 3/);
  });
});

describe.each([
  ['f16', 1],
  ['bf16', 2],
])('narrow to %s', (_, dtype) => {
  it.each(sizes)('n = %i', (n) => {
    const inputs = [randomNumbers(n, 3, 100)];
    const tolerance = { atol: 0, rtol: 0 };
    checkOp('narrow', { inputs, outputs: [[Uint16Array, n]], dims: [n, dtype], tolerance });
  });

  it('keeps infinities, overflows to them and rounds ties to even', () => {
    const values = [
      Number.POSITIVE_INFINITY,
      -3.4e38,
      65520,
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
      1 + 2 ** -8,
      2 ** -25,
      -0,
    ];
    const n = values.length;
    checkOp('narrow', {
      inputs: [values],
      outputs: [[Uint16Array, n]],
      dims: [n, dtype],
      tolerance: { atol: 0, rtol: 0 },
    });
  });
});

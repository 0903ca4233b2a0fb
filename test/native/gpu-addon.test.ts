/** How op tests run on a real GPU (POPE_TEST_GPU), here on one that is the host. */
import { expect, it } from 'vitest';
import type { NativeAddon } from '../../src/native/addon.js';
import { loadBinary } from '../../src/native/loader.js';
import { gpuAddon } from '../helpers/gpu-addon.js';
import { simtBinary } from '../helpers/simt-addon.js';

const gpu = gpuAddon(simtBinary);

it('runs an op on arrays of which the caller sees the results at once', () => {
  const sum = new Float32Array(3).fill(Number.NaN);
  gpu.runSync('add', [Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6)], [sum], [3], []);
  expect([...sum]).toEqual([5, 7, 9]);
});

it('updates what an output holds, and takes arrays of no elements', () => {
  const sums = Float32Array.of(1, 1, 1);
  gpu.runSync('bias_gradient', [Float32Array.of(1, 2, 3, 4, 5, 6)], [sums], [2, 3], []);
  expect([...sums]).toEqual([6, 8, 10]);
  gpu.runSync('add', [new Float32Array(), new Float32Array()], [new Float32Array()], [0], []);
});

it('throws what the op throws', () => {
  const failure = (addon: NativeAddon, op: string, index: number) => {
    try {
      addon.runSync(op, [Float32Array.of(1), Int32Array.of(index)], [new Float32Array(1)], [1, 1, 1], []);
    } catch (error) {
      return error;
    }
    throw new Error('it was taken');
  };
  const host = loadBinary(simtBinary);
  for (const [op, index] of [
    ['embedding', 7],
    ['nothing', 0],
  ] as const) {
    expect(failure(gpu, op, index)).toEqual(failure(host, op, index));
  }
});

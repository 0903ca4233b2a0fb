import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/native/loader.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';
import { expectClose, tolerances } from '../../helpers/tolerance.js';

const shapes = [
  [0, 8],
  [1, 1],
  [3, 7],
  [9, 64],
  [17, 97],
  [2, 4099],
] as const;

describe('rms_norm', () => {
  it.each(shapes)('[%i, %i]', (rows, width) => {
    const inputs = [randomNumbers(rows * width, 1, 4), randomNumbers(width, 2)];
    checkOp('rms_norm', { inputs, outputs: [rows * width], dims: [rows, width], scalars: [1e-6] });
  });

  it('knows the size of a row whose squares have no float, on a CPU', () => {
    const x = Float32Array.from(randomNumbers(257, 3), (value) => value * 1e25);
    const out = new Float32Array(257);
    loadAddon().runSync('rms_norm', [x, new Float32Array(257).fill(1)], [out], [1, 257], [1e-5]);
    const size = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / 257);
    expectClose(
      out,
      Array.from(x, (value) => value / size),
      tolerances.f32,
    );
  });

  it('keeps small values apart from eps', () => {
    const inputs = [randomNumbers(5 * 31, 3, 1e-4), randomNumbers(31, 4)];
    checkOp('rms_norm', { inputs, outputs: [5 * 31], dims: [5, 31], scalars: [1e-5] });
  });
});

describe('layer_norm', () => {
  it.each(shapes)('[%i, %i]', (rows, width) => {
    const inputs = [randomNumbers(rows * width, 1, 4), randomNumbers(width, 2), randomNumbers(width, 3)];
    checkOp('layer_norm', { inputs, outputs: [rows * width], dims: [rows, width], scalars: [1e-5] });
  });

  it('does not lose the variance under a large mean', () => {
    const inputs = [randomNumbers(4 * 257, 5).map((x) => x + 1000), randomNumbers(257, 6), randomNumbers(257, 7)];
    checkOp('layer_norm', { inputs, outputs: [4 * 257], dims: [4, 257], scalars: [1e-5] });
  });
});

describe.each([
  ['rms_norm', 2],
  ['layer_norm', 3],
])('%s', (op, inputs) => {
  const run = (scalars: number[], x = new Float32Array(6)) =>
    loadAddon().runSync(
      op,
      [x, ...Array.from({ length: inputs - 1 }, () => new Float32Array(3))],
      [new Float32Array(6)],
      [2, 3],
      scalars,
    );

  it.each([-1e-5, Number.NaN])('refuses eps = %f', (eps) => {
    expect(() => run([eps])).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('eps') }),
    );
  });

  it('refuses counts that contradict the sizes', () => {
    expect(() => run([1e-5], new Float32Array(5))).toThrowError(expect.objectContaining({ code: 'SHAPE' }));
  });
});

import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/native/loader.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';

describe('columns', () => {
  it.each([
    [0, 5, 1, 2],
    [3, 5, 2, 0],
    [3, 5, 5, 0],
    [1, 1, 0, 1],
    [37, 101, 17, 61],
    [37, 101, 40, 61],
  ])('[%i, %i] from %i, %i columns', (rows, width, start, count) => {
    const inputs = [randomNumbers(rows * width, 1)];
    const tolerance = { atol: 0, rtol: 0 };
    checkOp('columns', { inputs, outputs: [rows * count], dims: [rows, width, start, count], tolerance });
  });

  it.each([
    [3, 3],
    [6, 0],
  ])('refuses columns from %i, %i of them, in a width of 5', (start, count) => {
    const run = () =>
      loadAddon().runSync('columns', [new Float32Array(10)], [new Float32Array(2 * count)], [2, 5, start, count], []);
    expect(run).toThrowError(
      expect.objectContaining({ code: 'SHAPE', message: expect.stringContaining('within a width of 5') }),
    );
  });
});

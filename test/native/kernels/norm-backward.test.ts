import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/native/loader.js';
import { checkGradient } from '../../helpers/check-gradient.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';

const shapes = [
  [0, 8],
  [1, 1],
  [3, 7],
  [9, 64],
  [17, 97],
  [2, 4099],
] as const;

/** The parameters after x, all of the width. */
const norms = [
  ['rms_norm', ['weight']],
  ['layer_norm', ['weight', 'bias']],
] as const;

describe.each(norms)('%s_backward', (op, parameters) => {
  const problem = (rows: number, width: number) => ({
    inputs: [randomNumbers(rows * width, 1, 4), randomNumbers(width, 2), randomNumbers(rows * width, 3)],
    dims: [rows, width],
    scalars: [1e-5],
  });

  it.each(shapes)('[%i, %i], added to the gradients of the parameters', (rows, width) => {
    const sums = parameters.map((_, i) => randomNumbers(width, 4 + i));
    checkOp(`${op}_backward`, { ...problem(rows, width), outputs: [rows * width, ...sums] });
  });

  it('leaves out the gradients of frozen parameters', () => {
    const frozen = parameters.map(() => null);
    checkOp(`${op}_backward`, { ...problem(5, 13), outputs: [5 * 13, ...frozen] });
    checkOp(`${op}_backward`, { ...problem(5, 13), outputs: [5 * 13] });
  });

  it('is the derivative', () => {
    const [rows, width] = [3, 5];
    const values = parameters.map((_, i) => randomNumbers(width, 2 + i));
    checkGradient({
      forward: {
        op,
        inputs: [randomNumbers(rows * width, 1), ...values],
        outputs: [rows * width],
        dims: [rows, width],
        scalars: [1e-3],
      },
      backward: {
        op: `${op}_backward`,
        inputs: ([x, weight], _, [dy]) => [x!, weight!, dy!],
        gradients: [0, ...parameters.map((_, i) => 1 + i)],
      },
    });
  });

  it('keeps its accuracy under a large mean', () => {
    const { inputs, ...rest } = problem(4, 257);
    const shifted = [inputs[0]!.map((x) => x + 1000), inputs[1]!, inputs[2]!];
    checkOp(`${op}_backward`, {
      ...rest,
      inputs: shifted,
      outputs: [4 * 257, ...parameters.map(() => Array(257).fill(0))],
    });
  });

  it('refuses a negative eps and counts that contradict the sizes', () => {
    const run = (eps: number, size: number) =>
      loadAddon().runSync(
        `${op}_backward`,
        [new Float32Array(6), new Float32Array(3), new Float32Array(size)],
        [new Float32Array(6)],
        [2, 3],
        [eps],
      );
    expect(() => run(-1, 6)).toThrowError(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(() => run(1e-5, 5)).toThrowError(expect.objectContaining({ code: 'SHAPE' }));
  });
});

/** Ops whose result may be of 16 bits on a GPU, where products read it: computed in float, rounded once. */
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/native/loader.js';
import { checkOp, type OpCase, randomNumbers } from '../../helpers/check-op.js';
import { simtAddon } from '../../helpers/simt-addon.js';

const [rows, width] = [5, 97];
const x = randomNumbers(rows * width, 1, 4);
const [weight, bias] = [randomNumbers(width, 2), randomNumbers(width, 3)];

/** Inputs, the dims before the dtype, and scalars. */
const ops: [string, OpCase['inputs'], number[], number[]][] = [
  ['rms_norm', [x, weight], [rows, width], [1e-5]],
  ['layer_norm', [x, weight, bias], [rows, width], [1e-5]],
  ['swiglu', [x, randomNumbers(rows * width, 4)], [rows * width], []],
  ['gelu', [x], [rows * width, 0], []],
  ['gelu', [x], [rows * width, 1], []],
];

describe.each(ops)('%s', (op, inputs, dims, scalars) => {
  it.each([
    ['f16', 1],
    ['bf16', 2],
  ])('in %s', (_, dtype) => {
    // Compared as patterns: where float and double lie on two sides of a middle, neighbours.
    const tolerance = { atol: 1, rtol: 0 };
    const outputs: OpCase['outputs'] = [[Uint16Array, rows * width]];
    checkOp(op, { inputs, outputs, dims: [...dims, dtype], scalars, tolerance }, simtAddon());
  });

  it('on a CPU is f32', () => {
    const arrays = inputs.map((input) => Float32Array.from(input as number[]));
    const run = () => loadAddon().runSync(op, arrays, [new Uint16Array(rows * width)], [...dims, 2], scalars);
    expect(run).toThrowError(
      expect.objectContaining({ code: 'UNSUPPORTED', message: `${op}: on the CPU the result is f32` }),
    );
  });
});

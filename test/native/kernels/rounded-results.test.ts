/** Ops whose result may be of 16 bits, where products read it: computed in float, rounded once. */
import { describe, expect, it } from 'vitest';
import type { HostArray } from '../../../src/native/addon.js';
import { loadAddon } from '../../../src/native/loader.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';

interface RoundedOp {
  op: string;
  inputs: (rows: number, width: number) => number[][];
  /** Before the dtype of the result. */
  dims: (rows: number, width: number) => number[];
  scalars: number[];
}

const matrix = (rows: number, width: number, seed: number) => randomNumbers(rows * width, seed, 4);
const ops: RoundedOp[] = [
  {
    op: 'rms_norm',
    inputs: (rows, width) => [matrix(rows, width, 1), matrix(1, width, 2)],
    dims: (rows, width) => [rows, width],
    scalars: [1e-5],
  },
  {
    op: 'layer_norm',
    inputs: (rows, width) => [matrix(rows, width, 1), matrix(1, width, 2), matrix(1, width, 3)],
    dims: (rows, width) => [rows, width],
    scalars: [1e-5],
  },
  {
    op: 'swiglu',
    inputs: (rows, width) => [matrix(rows, width, 1), matrix(rows, width, 2)],
    dims: (rows, width) => [rows * width],
    scalars: [],
  },
  {
    op: 'gelu',
    inputs: (rows, width) => [matrix(rows, width, 1)],
    dims: (rows, width) => [rows * width, 0],
    scalars: [],
  },
  {
    op: 'gelu',
    inputs: (rows, width) => [matrix(rows, width, 1)],
    dims: (rows, width) => [rows * width, 1],
    scalars: [],
  },
];

describe.each([
  ['f16', 1],
  ['bf16', 2],
])('in %s', (_, dtype) => {
  describe.each(ops)('$op', ({ op, inputs, dims, scalars }) => {
    const rounded = (rows: number, width: number) => ({
      inputs: inputs(rows, width),
      outputs: [[Uint16Array, rows * width] as [Uint16ArrayConstructor, number]],
      dims: [...dims(rows, width), dtype],
      scalars,
      // Compared as patterns: where float and double lie on two sides of a middle, neighbours.
      tolerance: { atol: 1, rtol: 0 },
    });

    it('is what the reference makes', () => {
      checkOp(op, rounded(5, 97));
    });

    // None, one, several blocks of rows, and rows wider than a block.
    it.each([
      [0, 7],
      [1, 1],
      [131, 97],
      [3, 5003],
    ])('is the f32 result rounded, on the CPU, [%i, %i]', (rows, width) => {
      const { outputs } = checkOp(op, rounded(rows, width), loadAddon());
      const run = (name: string, arrays: HostArray[], output: HostArray, integers: number[], numbers: number[]) => {
        loadAddon().runSync(name, arrays, [output], integers, numbers);
        return output;
      };
      const floats = inputs(rows, width).map((input) => Float32Array.from(input));
      const result = run(op, floats, new Float32Array(rows * width), dims(rows, width), scalars);
      const expected = run('narrow', [result], new Uint16Array(rows * width), [rows * width, dtype], []);
      expect(outputs).toEqual([expected]);
    });
  });
});

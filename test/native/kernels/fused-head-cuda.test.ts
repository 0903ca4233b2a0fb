import { describe, expect, it } from 'vitest';
import type { HostArray } from '../../../src/native/addon.js';
import { loadAddon } from '../../../src/native/loader.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';
import { referenceAddon } from '../../helpers/reference-addon.js';
import { simtAddon } from '../../helpers/simt-addon.js';
import { tolerances } from '../../helpers/tolerance.js';

// The dims of the ops, as in pope_dtype.
const dtypes = { f32: 0, f16: 1, bf16: 2 } as const;
type Dtype = keyof typeof dtypes;

/** Numbers of either sign between 1/4 and 1, or for f32 between -1 and 1, as an input of the dtype. */
function matrix(dtype: Dtype, count: number, seed: number): number[] | Uint16Array {
  const numbers = randomNumbers(count, seed);
  if (dtype === 'f32') return numbers;
  const [exponent, mantissaBits] = dtype === 'f16' ? [13, 10] : [125, 7];
  return Uint16Array.from(numbers, (x) => {
    const random = Math.floor(Math.abs(x) * 2 ** 20);
    const magnitude = ((exponent + (random & 1)) << mantissaBits) | ((random >> 1) & (2 ** mantissaBits - 1));
    return (x < 0 ? 0x8000 : 0) | magnitude;
  });
}

function problem(dtype: Dtype, rows: number, width: number, vocab: number) {
  return {
    hidden: matrix(dtype, rows * width, 1),
    weight: matrix(dtype, vocab * width, 2),
    targets: Int32Array.from({ length: rows }, (_, row) => (row * 7919 + vocab - 1) % vocab),
    dims: [rows, width, vocab, dtypes[dtype]],
  };
}

describe('fused_head for a GPU', () => {
  // Around the host run's blocks of 64 rows and slices of 128 tokens; more of it in test/native/simt.
  it.each([
    ['f32', 1, 1, 1],
    ['f32', 65, 7, 131],
    ['f16', 3, 24, 509],
    ['bf16', 67, 16, 300],
  ] as const)('%s, %i rows, width %i, vocabulary %i', (dtype, rows, width, vocab) => {
    const { hidden, weight, targets, dims } = problem(dtype, rows, width, vocab);
    const scale = 1 / 1.3;
    checkOp(
      'fused_head',
      { inputs: [hidden, weight, targets], outputs: [rows, rows, rows], dims, scalars: [scale] },
      simtAddon(),
    );

    const exact = [hidden, weight].map(
      (x): HostArray => (Array.isArray(x) ? Float64Array.from(Float32Array.from(x)) : x),
    );
    const [logProbs, entropies, logSumExp] = [0, 0, 0].map(() => new Float64Array(rows));
    referenceAddon().runSync('fused_head', [...exact, targets], [logProbs!, entropies!, logSumExp!], dims, [scale]);
    const gradients = [randomNumbers(rows, 3), randomNumbers(rows, 4)];
    checkOp(
      'fused_head_backward',
      {
        inputs: [hidden, weight, targets, [...logSumExp!], [...entropies!], ...gradients],
        outputs: [rows * width, randomNumbers(vocab * width, 5)],
        dims,
        scalars: [scale],
        // Each gradient of a logit is rounded to the dtype; in f32 the sums over the vocabulary and the rows are.
        tolerance: dtype === 'f32' ? { atol: 3e-5, rtol: 1e-5 } : tolerances[dtype],
      },
      simtAddon(),
    );
  });

  it('names the row of a target outside the vocabulary', () => {
    const outputs = [new Float32Array(2), new Float32Array(2), new Float32Array(2)];
    const inputs = [new Float32Array(2), new Float32Array(3), Int32Array.of(2, 3)];
    expect(() => simtAddon().runSync('fused_head', inputs, outputs, [2, 1, 3], [1])).toThrowError(
      expect.objectContaining({ code: 'OUT_OF_RANGE', index: 1 }),
    );
  });
});

describe('fused_head for the CPU', () => {
  const outputs = [0, 0, 0].map(() => new Float32Array(1));

  it('refuses f16 factors, which only a GPU takes', () => {
    const inputs = [new Uint16Array(2), new Uint16Array(6), Int32Array.of(0)];
    expect(() => loadAddon().runSync('fused_head', inputs, outputs, [1, 2, 3, dtypes.f16], [1])).toThrowError(
      expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining('f32 or bf16') }),
    );
  });

  it('refuses an unknown dtype and an empty vocabulary', () => {
    const inputs = [new Float32Array(2), new Float32Array(6), Int32Array.of(0)];
    expect(() => loadAddon().runSync('fused_head', inputs, outputs, [1, 2, 3, 3], [1])).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
    const none = [new Float32Array(2), new Float32Array(0), Int32Array.of(0)];
    expect(() => loadAddon().runSync('fused_head', none, outputs, [1, 2, 0], [1])).toThrowError(
      expect.objectContaining({ code: 'OUT_OF_RANGE' }),
    );
  });
});

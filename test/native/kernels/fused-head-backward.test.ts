import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/native/loader.js';
import { BF16, bf16Numbers } from '../../helpers/bf16-numbers.js';
import { checkGradient } from '../../helpers/check-gradient.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';
import { referenceAddon } from '../../helpers/reference-addon.js';
import { tolerances } from '../../helpers/tolerance.js';

function problem(rows: number, width: number, vocab: number, scale: number, dtype: 'f32' | 'bf16' = 'f32') {
  const numbers = dtype === 'bf16' ? bf16Numbers : randomNumbers;
  const hidden = numbers(rows * width, 1);
  const weight = numbers(vocab * width, 2);
  const targets = Int32Array.from({ length: rows }, (_, row) => (row * 7919 + vocab - 1) % vocab);
  const [logProbs, entropies, logSumExp] = [0, 0, 0].map(() => new Float64Array(rows));
  const exact = [hidden, weight].map((x) => (Array.isArray(x) ? Float64Array.from(Float32Array.from(x)) : x));
  const dims = [rows, width, vocab, dtype === 'bf16' ? BF16 : 0];
  referenceAddon().runSync('fused_head', [...exact, targets], [logProbs!, entropies!, logSumExp!], dims, [scale]);
  return { inputs: [hidden, weight, targets, [...logSumExp!], [...entropies!], randomNumbers(rows, 3)], dims };
}

describe('fused_head_backward', () => {
  // One, primes, and around the block of 512 rows and the slice of 2048 tokens.
  it.each([
    [0, 4, 5],
    [1, 1, 1],
    [1, 64, 2049],
    [3, 7, 511],
    [5, 16, 4099],
    [513, 3, 31],
    [1031, 2, 17],
  ])('%i rows, width %i, vocabulary %i', (rows, width, vocab) => {
    for (const scale of [1, 1 / 1.3]) {
      const { inputs, dims } = problem(rows, width, vocab, scale);
      const size = rows * width;
      const held = randomNumbers(vocab * width, 4);
      const entropyGradient = randomNumbers(rows, 5);
      // dhidden is a float sum over the vocabulary, dweight one over the rows.
      const call = { dims, scalars: [scale], tolerance: { atol: 3e-5, rtol: 1e-5 } };
      checkOp('fused_head_backward', { ...call, inputs: [...inputs, entropyGradient], outputs: [size, held] });
      checkOp('fused_head_backward', { ...call, inputs, outputs: [size, held] });
      checkOp('fused_head_backward', { ...call, inputs, outputs: [size, null] });
    }
  });

  it.each([
    [1, 1, 1],
    [1, 65, 2049],
    [5, 16, 4099],
    [513, 3, 31],
  ])('%i rows, width %i, vocabulary %i, of bf16', (rows, width, vocab) => {
    const { inputs, dims } = problem(rows, width, vocab, 1 / 1.3, 'bf16');
    checkOp('fused_head_backward', {
      inputs: [...inputs, randomNumbers(rows, 5)],
      outputs: [rows * width, randomNumbers(vocab * width, 4)],
      dims,
      scalars: [1 / 1.3],
      tolerance: tolerances.bf16, // each gradient of a logit is rounded to it
    });
  });

  it('is the derivative of fused_head', () => {
    const [rows, width, vocab] = [3, 4, 7];
    const targets = Int32Array.of(2, 6, 2);
    checkGradient({
      forward: {
        op: 'fused_head',
        inputs: [randomNumbers(rows * width, 1, 2), randomNumbers(vocab * width, 2, 2), targets],
        outputs: [rows, rows, rows],
        differentiable: 2,
        dims: [rows, width, vocab],
        scalars: [0.8],
      },
      backward: {
        op: 'fused_head_backward',
        inputs: ([hidden, weight], [, entropies, logSumExp], [dlogProb, dentropy]) => [
          hidden!,
          weight!,
          targets,
          logSumExp!,
          entropies!,
          dlogProb!,
          dentropy!,
        ],
        gradients: [0, 1],
      },
    });
  });

  it('names the row of a target outside the vocabulary', () => {
    const rows = () => new Float32Array(2);
    const inputs = [rows(), new Float32Array(3), Int32Array.of(2, 3), rows(), rows(), rows()];
    const outputs = [rows(), new Float32Array(3)];
    expect(() => loadAddon().runSync('fused_head_backward', inputs, outputs, [2, 1, 3], [1])).toThrowError(
      expect.objectContaining({ code: 'OUT_OF_RANGE', index: 1 }),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/native/loader.js';
import { BF16, bf16Numbers } from '../../helpers/bf16-numbers.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';
import { finiteDifferences } from '../../helpers/finite-differences.js';
import { referenceAddon } from '../../helpers/reference-addon.js';
import { expectClose, tolerances } from '../../helpers/tolerance.js';

function problem(rows: number, width: number, vocab: number) {
  return {
    hidden: randomNumbers(rows * width, 1),
    weight: randomNumbers(vocab * width, 2),
    targets: Int32Array.from({ length: rows }, (_, row) => (row * 7919 + vocab - 1) % vocab),
  };
}

describe('fused_head', () => {
  // One, primes, and around the tile of 256 rows x 512 logits and the group of 1024 rows.
  it.each([
    [0, 4, 5],
    [1, 1, 1],
    [1, 64, 5003],
    [3, 7, 511],
    [5, 16, 513],
    [255, 3, 31],
    [257, 5, 1025],
    [1031, 2, 17],
  ])('%i rows, width %i, vocabulary %i', (rows, width, vocab) => {
    for (const scale of [1, 1 / 1.3]) {
      const { hidden, weight, targets } = problem(rows, width, vocab);
      checkOp('fused_head', {
        inputs: [hidden, weight, targets],
        outputs: [rows, rows, rows],
        dims: [rows, width, vocab],
        scalars: [scale],
      });
    }
  });

  it.each([
    [1, 1, 1],
    [1, 65, 5003],
    [5, 16, 513],
    [257, 5, 1025],
  ])('%i rows, width %i, vocabulary %i, of bf16', (rows, width, vocab) => {
    checkOp('fused_head', {
      inputs: [bf16Numbers(rows * width, 1), bf16Numbers(vocab * width, 2), problem(rows, width, vocab).targets],
      outputs: [rows, rows, rows],
      dims: [rows, width, vocab, BF16],
      scalars: [1 / 1.3],
    });
  });

  it.each(['f32', 'bf16'])('does not let the bits of a row of %s depend on the other rows', (dtype) => {
    const [rows, width, vocab] = [300, 25, 1500];
    const { targets, ...floats } = problem(rows, width, vocab);
    const [hidden, weight] =
      dtype === 'bf16'
        ? [bf16Numbers(rows * width, 1), bf16Numbers(vocab * width, 2)]
        : [Float32Array.from(floats.hidden), Float32Array.from(floats.weight)];
    const run = (first: number, count: number) => {
      const outputs = [new Float32Array(count), new Float32Array(count), new Float32Array(count)];
      const own = hidden.slice(first * width, (first + count) * width);
      const inputs = [own, weight, targets.slice(first, first + count)];
      const dims = [count, width, vocab, dtype === 'bf16' ? BF16 : 0];
      loadAddon().runSync('fused_head', inputs, outputs, dims, [1]);
      return outputs;
    };
    const together = run(0, rows);
    for (const [first, count] of [
      [0, 1],
      [256, 1],
      [299, 1],
      [13, 270],
    ] as const) {
      run(first, count).forEach((output, i) => {
        expect(output).toEqual(together[i]!.slice(first, first + count));
      });
    }
  });

  it('names the row of a target outside the vocabulary', () => {
    const outputs = [new Float32Array(2), new Float32Array(2), new Float32Array(2)];
    const inputs = [new Float32Array(2), new Float32Array(3), Int32Array.of(2, 3)];
    expect(() => loadAddon().runSync('fused_head', inputs, outputs, [2, 1, 3], [1])).toThrowError(
      expect.objectContaining({ code: 'OUT_OF_RANGE', index: 1 }),
    );
  });
});

describe('token_logprobs_grad is the derivative of log-probability and entropy', () => {
  // With the identity as weight, fused_head takes logits: its double instance is what can be differenced.
  const vocab = 11;
  const identity = Float64Array.from({ length: vocab * vocab }, (_, i) => (i % (vocab + 1) === 0 ? 1 : 0));

  it.each([
    [1, 0],
    [0, 1],
    [0.7, -1.3],
  ])('J = %d log p + %d H', (g, h) => {
    const logits = Float32Array.from(randomNumbers(vocab, 12, 3));
    const target = Int32Array.of(4);
    const objective = (z: Float64Array) => {
      const [logProb, entropy, logSumExp] = [new Float64Array(1), new Float64Array(1), new Float64Array(1)];
      referenceAddon().runSync(
        'fused_head',
        [z, identity, target],
        [logProb, entropy, logSumExp],
        [1, vocab, vocab],
        [1],
      );
      return g * logProb[0]! + h * entropy[0]!;
    };
    const gradient = new Float32Array(vocab);
    const inputs = [logits, target, Float32Array.of(g), Float32Array.of(h)];
    loadAddon().runSync('token_logprobs_grad', inputs, [gradient], [1, vocab, 0], []);
    expectClose(gradient, finiteDifferences(objective, Float64Array.from(logits)), {
      atol: 1e-6,
      rtol: tolerances.f32.rtol,
    });
  });
});

import { describe, expect, it } from 'vitest';
import type { HostArray } from '../../../src/native/addon.js';
import { loadAddon } from '../../../src/native/loader.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';
import fc from '../../helpers/properties.js';
import { expectClose, tolerances } from '../../helpers/tolerance.js';

const f32 = 0;
const f16 = 1;
const bf16 = 2;

/** One, primes, around the vector widths, around and over the block of 2048 logits. */
const vocabularies = [1, 2, 7, 16, 17, 61, 1009, 1024, 2047, 2048, 2049, 5003];

function targetsFor(rows: number, vocab: number): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => (row * 31 + vocab - 1) % vocab);
}

function forward(logits: Float32Array | Uint16Array, dtype: number, rows: number, vocab: number) {
  return checkOp('token_logprobs', {
    inputs: [logits, targetsFor(rows, vocab)],
    outputs: [
      [Float32Array, rows],
      [Float32Array, rows],
      [Float32Array, rows],
    ],
    dims: [rows, vocab, dtype],
  }).outputs as [Float32Array, Float32Array, Float32Array];
}

/** Bits of random 16-bit floats; the exponent is limited, so that all are finite and of moderate size. */
function randomBits(count: number, seed: number, dtype: number): Uint16Array {
  const values = Float32Array.from(randomNumbers(count, seed, 8));
  const words = new Uint32Array(values.buffer);
  return Uint16Array.from(words, (word) =>
    dtype === bf16 ? word >>> 16 : ((word >>> 16) & 0x8000) | (((word & 0x7fffffff) >>> 13) - (112 << 10)),
  );
}

describe('token_logprobs', () => {
  it.each(vocabularies)('f32, vocabulary %i', (vocab) => {
    forward(Float32Array.from(randomNumbers(5 * vocab, vocab, 10)), f32, 5, vocab);
  });

  it.each([
    ['f16', f16],
    ['bf16', bf16],
  ])('%s, awkward vocabularies', (_, dtype) => {
    for (const vocab of vocabularies) forward(randomBits(3 * vocab, vocab, dtype), dtype, 3, vocab);
  });

  it('takes no rows, and outputs that are not wanted', () => {
    checkOp('token_logprobs', {
      inputs: [new Float32Array(0), new Int32Array(0)],
      outputs: [[Float32Array, 0], null, null],
      dims: [0, 5, f32],
    });
  });

  it('stays exact in differences when logits are as large as 1e4', () => {
    const logits = Float32Array.from(randomNumbers(4 * 300, 9, 3), (z, i) => z + (i < 600 ? 1e4 : -1e4));
    forward(logits, f32, 4, 300);
    forward(Float32Array.from(randomNumbers(4 * 300, 10, 1e4)), f32, 4, 300);
  });

  it('one-hot logits have entropy 0 and log-probability 0', () => {
    const logits = new Float32Array(2 * 2000).fill(-1e4);
    logits[1999] = 1e4;
    logits[2000 + 30] = 1e4; // the second row's target
    const [logProbs, entropies] = forward(logits, f32, 2, 2000);
    expect([...entropies]).toEqual([0, 0]);
    expect(logProbs[0]).toBe(0);
    expect(logProbs[1]).toBe(0);
  });

  it('ties share the probability', () => {
    const [logProbs, entropies, logSumExp] = forward(new Float32Array(1500).fill(7), f32, 1, 1500);
    const log = Math.log(1500);
    expectClose([logProbs[0]!, entropies[0]!, logSumExp[0]!], [-log, log, 7 + log], tolerances.f32);
  });

  it('a masked vocabulary counts as probability 0', () => {
    // Whole blocks of -inf before, between and after the rest, and a row with one single token left.
    const logits = new Float32Array(2 * 5000).fill(Number.NEGATIVE_INFINITY);
    for (let v = 1500; v < 1900; v++) logits[v] = Math.sin(v);
    for (let v = 4000; v < 5000; v += 3) logits[v] = Math.cos(v);
    logits[4999] = 1;
    logits[5000 + 30] = 3;
    const [logProbs, entropies, logSumExp] = forward(logits, f32, 2, 5000);
    expect([...logProbs, ...entropies, ...logSumExp].every(Number.isFinite)).toBe(true);
    expect(entropies[1]).toBe(0);
    expect(logSumExp[1]).toBe(3);
  });

  it('NaN spoils its row and no other, wherever it stands', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2099 }), fc.boolean(), (place, masked) => {
        const logits = new Float32Array(3 * 2100).fill(masked ? Number.NEGATIVE_INFINITY : 0.5);
        logits[place % 2100] = 0;
        logits[2100 + place] = Number.NaN;
        logits[4200 + ((place + 1) % 2100)] = 0;
        const outputs = [new Float32Array(3), new Float32Array(3), new Float32Array(3)];
        loadAddon().runSync('token_logprobs', [logits, new Int32Array(3)], outputs, [3, 2100, f32], []);
        for (const output of outputs) expect(Array.from(output, Number.isNaN)).toEqual([false, true, false]);
      }),
      { numRuns: 50 },
    );
  });

  it('does not let a row depend on the others', () => {
    const vocab = 1031;
    const logits = Float32Array.from(randomNumbers(40 * vocab, 3, 6));
    const together = forward(logits, f32, 40, vocab);
    for (const row of [0, 17, 39]) {
      const alone = [new Float32Array(1), new Float32Array(1), new Float32Array(1)];
      const target = targetsFor(40, vocab).subarray(row, row + 1);
      const own = logits.subarray(row * vocab, (row + 1) * vocab);
      loadAddon().runSync('token_logprobs', [own, target], alone, [1, vocab, f32], []);
      alone.forEach((value, i) => {
        expect(value[0]).toBe(together[i]![row]);
      });
    }
  });

  it.each([
    ['a token outside the vocabulary', [0, 5], 'OUT_OF_RANGE', 1],
    ['a negative token', [-1, 0], 'OUT_OF_RANGE', 0],
  ])('refuses %s and names its row', (_, targets, code, index) => {
    const run = () =>
      loadAddon().runSync(
        'token_logprobs',
        [new Float32Array(10), Int32Array.from(targets)],
        [new Float32Array(2), null, null],
        [2, 5, f32],
        [],
      );
    expect(run).toThrowError(expect.objectContaining({ code, index }));
  });

  it('refuses a dtype that logits cannot have', () => {
    const run = () =>
      loadAddon().runSync(
        'token_logprobs',
        [new Uint16Array(1), new Int32Array(1)],
        [new Float32Array(1)],
        [1, 1, 3],
        [],
      );
    expect(run).toThrowError(expect.objectContaining({ code: 'UNSUPPORTED' }));
  });
});

describe('token_logprobs_grad', () => {
  function backward(logits: HostArray, dtype: number, rows: number, vocab: number, withEntropy = true) {
    const kind = dtype === f32 ? Float32Array : Uint16Array;
    const g = Float32Array.from(randomNumbers(rows, 5, 2));
    const h = withEntropy ? Float32Array.from(randomNumbers(rows, 6, 2)) : null;
    const found = [new Float32Array(rows), new Float32Array(rows)] as const;
    const targets = targetsFor(rows, vocab);
    loadAddon().runSync('token_logprobs', [logits, targets], [...found, null], [rows, vocab, dtype], []);
    const check = (...known: (Float32Array | null)[]) =>
      checkOp('token_logprobs_grad', {
        inputs: [logits, targets, g, h, ...known],
        outputs: [[kind, rows * vocab]],
        dims: [rows, vocab, dtype],
        // A 16-bit result is compared by its bits: rounding the float differs from rounding the double by one pattern at most.
        ...(dtype !== f32 && { tolerance: { atol: 1, rtol: 0 } }),
      }).outputs[0]!;
    check(...found); // one pass
    const result = check();
    return result;
  }

  it.each(vocabularies)('f32, vocabulary %i', (vocab) => {
    const logits = Float32Array.from(randomNumbers(5 * vocab, vocab, 10));
    backward(logits, f32, 5, vocab);
    backward(logits, f32, 5, vocab, false);
  });

  it.each([
    ['f16', f16],
    ['bf16', bf16],
  ])('%s', (_, dtype) => {
    for (const vocab of [17, 1031]) backward(randomBits(3 * vocab, vocab, dtype), dtype, 3, vocab);
  });

  it('is finite for masked, one-hot and huge logits', () => {
    const logits = Float32Array.from(randomNumbers(3 * 1500, 2, 1e4));
    logits.fill(Number.NEGATIVE_INFINITY, 100, 1400);
    logits.fill(-1e4, 1500, 3000);
    logits[1500 + 30] = 1e4;
    expect((backward(logits, f32, 3, 1500) as Float32Array).every(Number.isFinite)).toBe(true);
  });

  it('gives rows of a result too large for the caches the bits that they have alone', () => {
    const vocab = 4099; // rows begin at every place of a cache line
    const rows = Math.ceil(2 ** 23 / vocab);
    const some = Float32Array.from(randomNumbers(61 * vocab, 4, 5));
    const logits = Float32Array.from({ length: rows * vocab }, (_, i) => some[i % some.length]!);
    const result = new Float32Array(rows * vocab + 16).fill(Number.NaN);
    const gradient = result.subarray(3, 3 + rows * vocab);
    const [g, h] = [Float32Array.from(randomNumbers(rows, 5, 2)), Float32Array.from(randomNumbers(rows, 6, 2))];
    const targets = targetsFor(rows, vocab);
    loadAddon().runSync('token_logprobs_grad', [logits, targets, g, h], [gradient], [rows, vocab, f32], []);
    expect([...result.subarray(0, 3), ...result.subarray(3 + rows * vocab)].every(Number.isNaN)).toBe(true);
    for (const row of [0, 1, 2, 3, rows >> 1, rows - 1]) {
      const alone = new Float32Array(vocab);
      const cut = <T extends Float32Array | Int32Array>(x: T, width = 1) => x.subarray(row * width, (row + 1) * width);
      const inputs = [cut(logits, vocab), cut(targets), cut(g), cut(h)];
      loadAddon().runSync('token_logprobs_grad', inputs, [alone], [1, vocab, f32], []);
      expect(cut(gradient, vocab)).toEqual(alone);
    }
  });

  it('works in place', () => {
    const logits = Float32Array.from(randomNumbers(3 * 1500, 2, 5));
    const expected = backward(logits, f32, 3, 1500);
    const inputs = [logits, targetsFor(3, 1500), randomNumbers(3, 5, 2), randomNumbers(3, 6, 2)];
    loadAddon().runSync(
      'token_logprobs_grad',
      inputs.map((input) => (Array.isArray(input) ? Float32Array.from(input) : input)),
      [logits],
      [3, 1500, f32],
      [],
    );
    expect(logits).toEqual(expected);
  });
});

import { describe, expect, it } from 'vitest';
import { tokenLogProbs, tokenLogProbsGradient } from '../../src/native/kernels.js';
import { expectClose, tolerances } from '../helpers/tolerance.js';

/** Two rows over three tokens whose softmax is known: [1/2, 1/4, 1/4] and [1/10, 8/10, 1/10]. */
const logits = Float32Array.from([2, 1, 1, 1, 8, 1], Math.log);
const rows = { logits, dtype: 'f32' as const, rows: 2, vocab: 3, targets: Int32Array.of(0, 2) };
const probabilities = [0.5, 0.25, 0.25, 0.1, 0.8, 0.1];
const entropies = [1.5 * Math.log(2), -0.2 * Math.log(0.1) - 0.8 * Math.log(0.8)];

describe('tokenLogProbs', () => {
  it('gives log-probability, entropy and log-sum-exp', async () => {
    const result = await tokenLogProbs({ ...rows, entropy: true });
    expectClose(result.logProbs, [Math.log(0.5), Math.log(0.1)], tolerances.f32);
    expectClose(result.logSumExp, [Math.log(4), Math.log(10)], tolerances.f32);
    expectClose(result.entropies, entropies, tolerances.f32);
  });

  it('leaves the entropy out unless it is asked for', async () => {
    expect(Object.keys(await tokenLogProbs(rows)).sort()).toEqual(['logProbs', 'logSumExp']);
  });

  it('reads 16-bit logits', async () => {
    // 1 and 0 as bf16 and as f16: p = e / (e + 1)
    for (const [dtype, one] of [
      ['bf16', 0x3f80],
      ['f16', 0x3c00],
    ] as const) {
      const request = { logits: Uint16Array.of(one, 0), dtype, rows: 1, vocab: 2, targets: Int32Array.of(0) };
      const { logProbs } = await tokenLogProbs(request);
      expectClose(logProbs, [-Math.log1p(Math.exp(-1))], tolerances.f32);
    }
  });

  it('answers calls that overlap', async () => {
    const results = await Promise.all(Array.from({ length: 100 }, () => tokenLogProbs(rows)));
    for (const { logProbs } of results) expect(logProbs).toEqual(results[0]!.logProbs);
  });

  it('rejects a target outside the vocabulary and names its row', async () => {
    const targets = Int32Array.of(0, 3);
    await expect(tokenLogProbs({ ...rows, targets })).rejects.toMatchObject({ code: 'OUT_OF_RANGE', index: 1 });
  });

  it.each([
    [{ device: 'tpu' }, 'KERNEL_ARGUMENT', /device.*"cpu" or "cuda".*"tpu"/],
    [{ dtype: 'f64' }, 'KERNEL_ARGUMENT', /dtype.*f32, f16, bf16.*"f64"/],
    [{ dtype: 'bf16' }, 'KERNEL_ARGUMENT', /logits.*Uint16Array.*Float32Array/],
    [{ rows: 1.5 }, 'KERNEL_ARGUMENT', /rows.*1\.5/],
    [{ vocab: 4 }, 'KERNEL_ARGUMENT', /logits.*8 elements, got 6/],
    [{ targets: Int32Array.of(0) }, 'KERNEL_ARGUMENT', /targets.*2 elements, got 1/],
    [{ targets: [0, 2] }, 'KERNEL_ARGUMENT', /targets.*Int32Array.*array of 2/],
  ])('refuses %o', async (change, code, message) => {
    const request = { ...rows, ...change } as typeof rows;
    await expect(tokenLogProbs(request)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe('tokenLogProbsGradient', () => {
  it('is g (1[v = target] - p) - h p (log p + H)', async () => {
    const g = [3, -1];
    const h = [0.5, 2];
    const { logitsGradient } = await tokenLogProbsGradient({
      ...rows,
      logProbGradient: Float32Array.from(g),
      entropyGradient: Float32Array.from(h),
    });
    const expected = probabilities.map((p, i) => {
      const row = Math.floor(i / 3);
      const hit = i % 3 === rows.targets[row] ? 1 : 0;
      return g[row]! * (hit - p) - h[row]! * p * (Math.log(p) + entropies[row]!);
    });
    expectClose(logitsGradient, expected, tolerances.f32);
    expect(logitsGradient).toBeInstanceOf(Float32Array);
  });

  it('has the dtype of the logits', async () => {
    const { logitsGradient } = await tokenLogProbsGradient({
      logits: new Uint16Array(2),
      dtype: 'bf16',
      rows: 1,
      vocab: 2,
      targets: Int32Array.of(1),
      logProbGradient: Float32Array.of(1),
    });
    expect(logitsGradient).toEqual(Uint16Array.of(0xbf00, 0x3f00)); // -1/2 and 1/2
  });

  it('fills the array that it is given', async () => {
    const request = { ...rows, logProbGradient: Float32Array.of(3, -1) };
    const own = new Float32Array(6).fill(Number.NaN);
    const { logitsGradient } = await tokenLogProbsGradient({ ...request, logitsGradient: own });
    expect(logitsGradient).toBe(own);
    expect(own).toEqual((await tokenLogProbsGradient(request)).logitsGradient);
  });

  it('is the same from what tokenLogProbs gave', async () => {
    const request = { ...rows, logProbGradient: Float32Array.of(3, -1), entropyGradient: Float32Array.of(0.5, 2) };
    const { logitsGradient } = await tokenLogProbsGradient(request);
    const forward = await tokenLogProbs({ ...rows, entropy: true });
    expectClose(
      (await tokenLogProbsGradient({ ...request, ...forward })).logitsGradient,
      logitsGradient,
      tolerances.f32,
    );
    const short = { ...request, ...forward, entropies: new Float32Array(3) };
    await expect(tokenLogProbsGradient(short)).rejects.toThrow(/entropies: expected 2 elements, got 3/);
  });

  it('refuses a gradient of another length', async () => {
    const short = { ...rows, logProbGradient: new Float32Array(1) };
    await expect(tokenLogProbsGradient(short)).rejects.toMatchObject({ code: 'KERNEL_ARGUMENT' });
    const given = { ...rows, logProbGradient: new Float32Array(2), logitsGradient: new Float32Array(5) };
    await expect(tokenLogProbsGradient(given)).rejects.toThrow(/logitsGradient: expected 6 elements, got 5/);
  });
});

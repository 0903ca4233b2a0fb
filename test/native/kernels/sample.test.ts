import { describe, expect, it } from 'vitest';
import { philox4x32 } from '../../../src/estimators/random.js';
import type { NativeAddon } from '../../../src/native/addon.js';
import { loadAddon } from '../../../src/native/loader.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';
import { implementations } from '../../helpers/implementations.js';
import { simtAddon } from '../../helpers/simt-addon.js';

interface Settings {
  temperature?: number;
  topK?: number;
  topP?: number;
  seed?: number;
}

/** Rows of counters for `rows` samples of one query and token place. */
const countersOf = (rows: number, query = 3, token = 7) =>
  Int32Array.from({ length: 3 * rows }, (_, i) => [query, Math.floor(i / 3), token][i % 3]!);

function draw(logits: readonly number[], rows: number, settings: Settings = {}, addon: NativeAddon = loadAddon()) {
  const { temperature = 1, topK = 0, topP = 1, seed = 0 } = settings;
  const repeated = new Float32Array(rows * logits.length);
  for (let r = 0; r < rows; r++) repeated.set(logits, r * logits.length);
  const ids = new Int32Array(rows);
  const logProbs = new Float32Array(rows);
  const dims = [rows, logits.length, topK, seed];
  addon.runSync('sample', [repeated, countersOf(rows)], [ids, logProbs], dims, [temperature, topP]);
  return { ids, logProbs };
}

const rules: [string, Settings][] = [
  ['greedily', { temperature: 0 }],
  ['from all', {}],
  ['from all at temperature 0.3', { temperature: 0.3 }],
  ['from all at temperature 2.5', { temperature: 2.5 }],
  ['from the 5 largest', { topK: 5 }],
  ['from more than there are', { topK: 100_000 }],
  ['from the largest alone', { topK: 1 }],
  ['from the nucleus of 0.9', { topP: 0.9 }],
  ['from the nucleus of 0.05', { topP: 0.05 }],
  ['from the nucleus of 0.6 of the 9 largest, cooler', { topK: 9, topP: 0.6, temperature: 0.7 }],
];

describe.each(rules)('sample draws %s', (_, { temperature = 1, topK = 0, topP = 1 }) => {
  it.each([1, 2, 3, 97, 2048, 2049, 5003])('as the reference, of %i tokens', (vocab) => {
    const check = (rows: number, seed: number, addon: NativeAddon) => {
      const logits = randomNumbers(rows * vocab, vocab + (seed % 1000), 6);
      const call = {
        inputs: [logits, countersOf(rows, seed % 7)],
        outputs: [[Int32Array, rows] as [Int32ArrayConstructor, number], rows],
        dims: [rows, vocab, topK, seed],
        scalars: [temperature, topP],
        // The ids have to be the same; the log-probabilities lose what logit / temperature does, down to -40, in float.
        tolerance: { atol: 2e-5, rtol: 0 },
      };
      expect(checkOp('sample', call, addon).outputs).toHaveLength(2);
    };
    for (const seed of [0, 1, 2 ** 31, 2 ** 53 - 1]) check(61, seed, loadAddon());
    if (process.env.POPE_SIMD === undefined) check(23, 2 ** 53 - 1, simtAddon());
  });
});

/** Pearson's statistic of the counts of `ids` against probabilities, over the tokens that have any. */
function chiSquare(ids: Int32Array, probabilities: readonly number[]): { statistic: number; freedom: number } {
  const counts = probabilities.map((_, v) => ids.reduce((count, id) => count + (id === v ? 1 : 0), 0));
  const possible = probabilities.flatMap((p, v) => (p > 0 ? [v] : []));
  expect(possible.reduce((sum, v) => sum + counts[v]!, 0)).toBe(ids.length);
  const statistic = possible.reduce((sum, v) => {
    const wanted = ids.length * probabilities[v]!;
    return sum + (counts[v]! - wanted) ** 2 / wanted;
  }, 0);
  return { statistic, freedom: possible.length - 1 };
}

const softmax = (logits: readonly number[], temperature = 1) => {
  const weights = logits.map((z) => Math.exp(z / temperature));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / total);
};

describe('the frequencies of sample', () => {
  const logits = [0.3, -1.2, 2, 0.3, 1.1, -0.4, 0, 1.9, -2, 0.8];
  const p = softmax(logits);

  /** The tokens kept share the mass. */
  const restricted = (kept: number[], probabilities = p) => {
    const total = kept.reduce((sum, v) => sum + probabilities[v]!, 0);
    return probabilities.map((q, v) => (kept.includes(v) ? q / total : 0));
  };

  it.each<[string, Settings, number[]]>([
    ['softmax', {}, p],
    ['softmax at temperature 0.6', { temperature: 0.6 }, softmax(logits, 0.6)],
    ['the 4 largest', { topK: 4 }, restricted([2, 7, 4, 9])],
    // 0.31 + 0.28 + 0.12 of the mass lie below 0.75, with the fourth they pass it.
    ['the nucleus of 0.75', { topP: 0.75 }, restricted([2, 7, 4, 9])],
    ['both', { topK: 4, topP: 0.8 }, restricted([2, 7, 4])],
  ])('are those of %s', (_, settings, wanted) => {
    const { ids, logProbs } = draw(logits, 20_000, { seed: 11, ...settings });
    const { statistic, freedom } = chiSquare(ids, wanted);
    // Wilson and Hilferty: the 99.9 % point of chi-square.
    const limit = freedom * (1 - 2 / (9 * freedom) + 3.09 * Math.sqrt(2 / (9 * freedom))) ** 3;
    expect(statistic).toBeLessThan(limit);
    expect(new Set(ids).size).toBe(freedom + 1);
    const whole = softmax(logits, settings.temperature);
    for (const [r, id] of ids.slice(0, 100).entries()) expect(logProbs[r]).toBeCloseTo(Math.log(whole[id]!), 5);
  });

  it('does not take the place of a token in its row for chance: two rows with other counters differ', () => {
    const first = draw(logits, 500, { seed: 1 }).ids;
    expect(draw(logits, 500, { seed: 1 }).ids).toEqual(first);
    expect(draw(logits, 500, { seed: 2 }).ids).not.toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(5);
  });
});

describe.each(implementations)('sample %s', (_, addon) => {
  it('makes its number of Philox, keyed by the seed, at (token, sample, query, 0)', () => {
    const [vocab, rows, seed] = [1000, 200, 2 ** 40 + 17];
    const { ids } = draw(new Array<number>(vocab).fill(0), rows, { seed }, addon());
    for (let r = 0; r < rows; r++) {
      const words = new Uint32Array(4);
      philox4x32(Uint32Array.of(7, r, 3, 0), Uint32Array.of(17, 2 ** 8), words);
      const u = ((words[0]! >>> 5) * 2 ** 26 + (words[1]! >>> 6)) / 2 ** 53;
      expect(ids[r]).toBe(Math.floor(u * vocab));
    }
  });

  it('prefers lower ids among equal logits', () => {
    expect(draw([1, 2, 2, 2], 1, { temperature: 0 }, addon()).ids).toEqual(Int32Array.of(1));
    expect(new Set(draw([1, 2, 2, 2], 100, { topK: 2 }, addon()).ids)).toEqual(new Set([1, 2]));
    expect(new Set(draw([0, 0, 0, 0], 100, { topP: 0.5 }, addon()).ids)).toEqual(new Set([0, 1]));
  });

  it('keeps the order of logits that one float cannot tell apart after the division', () => {
    const near = [16777216, 16777218, 16777217];
    expect(draw(near, 3, { topK: 1, temperature: 3 }, addon()).ids).toEqual(Int32Array.of(1, 1, 1));
  });

  it('never draws a masked token', () => {
    const masked = Number.NEGATIVE_INFINITY;
    const { ids, logProbs } = draw([masked, 0, masked, 0, masked], 300, {}, addon());
    expect(new Set(ids)).toEqual(new Set([1, 3]));
    expect(logProbs[0]).toBeCloseTo(-Math.LN2, 6);
    expect(new Set(draw([masked, 0, masked], 50, { topK: 3, topP: 0.999 }, addon()).ids)).toEqual(new Set([1]));
  });

  it.each([[Number.NaN], [Number.POSITIVE_INFINITY], [Number.NEGATIVE_INFINITY]])('refuses a row of %d', (z) => {
    for (const settings of [{}, { temperature: 0 }, { topK: 2, topP: 0.5 }]) {
      const other = z === Number.NEGATIVE_INFINITY ? z : 0;
      expect(() => draw([other, z, other], 2, settings, addon())).toThrowError(
        expect.objectContaining({ code: 'NON_FINITE', message: expect.stringMatching(/^sample: row 0 of the logits/) }),
      );
    }
  });

  it.each<[Settings, string]>([
    [{ temperature: -1 }, 'temperature must be finite and at least 0, not -1'],
    [{ temperature: Number.NaN }, 'temperature must be finite'],
    [{ topP: 0 }, 'top_p must be above 0 and at most 1'],
    [{ topP: 1.5 }, 'top_p must be above 0 and at most 1'],
    [{ topK: -1 }, 'must be'],
  ])('refuses %j', (settings, message) => {
    expect(() => draw([0, 1], 1, settings)).toThrow(message);
  });

  it('refuses an empty vocabulary', () => {
    expect(() => draw([], 1)).toThrow('the vocabulary must have 1 to 2^31 - 1 tokens, not 0');
  });
});

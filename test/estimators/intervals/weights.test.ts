import { describe, expect, it } from 'vitest';
import { cressieReadBound } from '../../../src/estimators/intervals/cressie-read.js';
import { empiricalLikelihoodBound, likelihoodDual } from '../../../src/estimators/intervals/empirical-likelihood.js';
import { interval } from '../../../src/estimators/intervals/interval.js';
import type { WeightedLog } from '../../../src/estimators/intervals/weighted-log.js';
import { Random } from '../../../src/estimators/random.js';
import { type LikelihoodName, likelihoodContributions } from '../../../src/estimators/scalar/likelihood.js';
import { studentTQuantile } from '../../../src/estimators/special-functions.js';
import fc from '../../helpers/properties.js';

function weightedLog(weights: number[], rewards: number[], weightRange: [number, number]): WeightedLog {
  return {
    weights: Float64Array.from(weights),
    rewards: Float64Array.from(rewards),
    rewardRange: [0, 1],
    weightRange,
    dropped: 0,
  };
}

/** All (q1, q2, q3) on a grid that extend to a distribution with mean weight 1 by mass on the weights 0 and `largest`. */
function* distributions({ weights, weightRange }: WeightedLog): Generator<[number, number, number]> {
  const steps = 160;
  for (let i = 1; i < steps; i++) {
    for (let j = 1; i + j < steps; j++) {
      for (let k = 1; i + j + k <= steps; k++) {
        const q: [number, number, number] = [i / steps, j / steps, k / steps];
        const rest = 1 - q[0] - q[1] - q[2];
        const restWeight = 1 - q[0] * weights[0]! - q[1] * weights[1]! - q[2] * weights[2]!;
        if (restWeight >= 0 && restWeight <= rest * weightRange[1] + 1e-12) yield q;
      }
    }
  }
}

describe('empirical likelihood', () => {
  it.each<[number[], number[], number]>([
    [[0.3, 1.2, 2], [1, 0.2, 0.7], 3],
    [[0.1, 0.4, 0.6], [0.5, 1, 0.9], 5],
    [[1.5, 2, 2.5], [0.5, 1, 0.3], 4],
  ])('is the least value of a grid of distributions: weights %j', (weights, rewards, largest) => {
    const log = weightedLog(weights, rewards, [0, largest]);
    const tail = 0.2;
    const logLikelihood = (q: number[]) => q.reduce((total, p) => total + Math.log(3 * p), 0);
    let most = -Infinity;
    for (const q of distributions(log)) most = Math.max(most, logLikelihood(q));
    const least = most - studentTQuantile(1 - tail, 2) ** 2 / 2;
    let smallest = Infinity;
    for (const q of distributions(log)) {
      if (logLikelihood(q) < least) continue;
      smallest = Math.min(
        smallest,
        q.reduce((total, p, i) => total + p * weights[i]! * rewards[i]!, 0),
      );
    }
    const bound = empiricalLikelihoodBound(log, tail);
    expect(bound).toBeLessThanOrEqual(smallest + 0.003);
    expect(bound).toBeGreaterThan(smallest - 0.03);
  });

  it('weighs events so that the mean weight is 1', () => {
    const log = weightedLog([0.2, 3, 1, 0.5, 0, 1.7], [1, 0, 1, 0, 1, 0], [0, Infinity]);
    const beta = likelihoodDual(log);
    const q = log.weights.map((w) => 1 / (6 + beta * (w - 1)));
    expect(q.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    expect(q.reduce((total, p, i) => total + p * log.weights[i]!, 0)).toBeCloseTo(1, 12);
  });

  it('with unit weights is that of Owen for a mean: narrow, around it, and no wider than Student t', () => {
    const random = new Random(4);
    const rewards = Float64Array.from({ length: 300 }, () => random.uniform() ** 2);
    const weights = new Float64Array(300).fill(1);
    const ours = interval({ contributions: rewards, weights, rewards }, 'empirical-likelihood', { range: [0, 1] });
    const t = interval(rewards, 't');
    expect(ours.low).toBeCloseTo(t.low, 2);
    expect(ours.high).toBeCloseTo(t.high, 2);
  });
});

describe('Cressie-Read', () => {
  it('agrees with empirical likelihood on a large log', () => {
    const random = new Random(8);
    const weights = Float64Array.from({ length: 5000 }, () => Math.exp(0.3 * random.normal() - 0.045));
    const rewards = weights.map(() => random.uniform());
    const log: WeightedLog = { weights, rewards, rewardRange: [0, 1], weightRange: [0, 10], dropped: 0 };
    // They differ by the unseen event, whose weight of at most 10 counts 1 / 5001 at first.
    const difference = empiricalLikelihoodBound(log, 0.025) - cressieReadBound(log, 0.025);
    expect(Math.abs(difference)).toBeLessThan(10 / 5001);
  });
});

describe.each(['empirical-likelihood', 'cressie-read', 'confidence-sequence', 'clopper-pearson'])('%s', (method) => {
  const weights = [0, 0.5, 2, 1, 1.5, 0.2, 3, 0.7];
  const rewards = [1, 0, 1, 1, 0, 0, 1, 0.5];
  const contributions = Float64Array.from(weights, (w, i) => w * rewards[i]!);
  const of = (alpha: number, side: 'two' | 'lower' | 'upper' = 'two', range: [number, number] = [0, 1]) =>
    interval({ contributions, weights, rewards }, method, { alpha, side, range, weightRange: [0, 5] });

  it('stays in the range of rewards and widens with confidence and with the range', () => {
    const narrow = of(0.2);
    const wide = of(0.01);
    expect(wide.low).toBeGreaterThanOrEqual(0);
    expect(wide.high).toBeLessThanOrEqual(1);
    expect(wide.low).toBeLessThanOrEqual(narrow.low);
    expect(wide.high).toBeGreaterThanOrEqual(narrow.high);
    expect(narrow.low).toBeLessThan(narrow.high);
    expect(of(0.2, 'two', [-1, 1]).low).toBeLessThanOrEqual(narrow.low + 1e-9);
  });

  it('puts all of alpha on one side', () => {
    expect(of(0.1, 'lower')).toEqual({ low: of(0.2).low, high: Infinity });
    expect(of(0.1, 'upper')).toEqual({ low: -Infinity, high: of(0.2).high });
  });

  it('moves and scales with the rewards', () => {
    const moved = rewards.map((r) => 3 * r - 1);
    const { low, high } = interval({ contributions, weights, rewards: moved }, method, {
      range: [-1, 2],
      weightRange: [0, 5],
    });
    expect(low).toBeCloseTo(3 * of(0.05).low - 1, 8);
    expect(high).toBeCloseTo(3 * of(0.05).high - 1, 8);
  });

  it('gives an answer where every weight is 0 or every reward the same', () => {
    const none = { contributions, weights: weights.map(() => 0), rewards };
    const { low, high } = interval(none, method, { range: [0, 1] });
    expect(low).toBe(0);
    expect(high).toBeGreaterThan(0.5);
    const equal = interval({ contributions, weights, rewards: rewards.map(() => 1) }, method, { range: [0, 1] });
    expect(equal.high).toBeGreaterThan(0.99);
    expect(equal.low).toBeLessThan(1);
  });
});

describe.each(['empirical-likelihood', 'cressie-read'])('%s of any log', (method) => {
  const logs = fc.record({
    rounds: fc.array(
      fc.tuple(
        fc.oneof(fc.constant(0), fc.constant(1), fc.double({ min: 0, max: 50, noNaN: true })),
        fc.oneof(fc.constant(0), fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
      ),
      { minLength: 2, maxLength: 40 },
    ),
    largest: fc.constantFrom(60, Infinity),
    alpha: fc.double({ min: 0.001, max: 0.9, noNaN: true }),
  });

  it('contains its own point estimate, which for Cressie-Read may lie outside the range of rewards', () => {
    fc.assert(
      fc.property(logs, ({ rounds, largest, alpha }) => {
        const weights = Float64Array.from(rounds, ([w]) => w);
        const rewards = Float64Array.from(rounds, ([, r]) => r);
        const weightRange = [0, largest] as const;
        const contributions = likelihoodContributions(method as LikelihoodName, weights, rewards, weightRange);
        const value = Math.min(Math.max(contributions.reduce((a, b) => a + b) / rounds.length, 0), 1);
        const { low, high } = interval({ contributions, weights, rewards }, method, {
          alpha,
          range: [0, 1],
          weightRange,
        });
        expect(low).toBeLessThanOrEqual(value + 1e-9);
        expect(high).toBeGreaterThanOrEqual(value - 1e-9);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('Clopper-Pearson', () => {
  it('is exact for ones and zeros', () => {
    // 0 of n: the upper bound solves (1 - p)^n = tail.
    expect(interval([0, 0, 0, 0, 0], 'clopper-pearson', { side: 'upper' }).high).toBeCloseTo(1 - 0.05 ** 0.2, 12);
    expect(interval([0, 0, 0, 0, 0], 'clopper-pearson').low).toBe(0);
    // 3 of 10, 95 %: the values of every table.
    const { low, high } = interval([1, 1, 1, 0, 0, 0, 0, 0, 0, 0], 'clopper-pearson');
    expect(low).toBeCloseTo(0.0667395111777345, 12);
    expect(high).toBeCloseTo(0.6524528500599973, 12);
  });
});

describe('what is refused', () => {
  const parts = { contributions: Float64Array.of(1, 2), weights: [1, 2], rewards: [1, 1] };
  it.each<[string, () => unknown, string, RegExp]>([
    ['no weights', () => interval([1, 0], 'cressie-read', { range: [0, 1] }), 'INTERVAL_NEEDS', /weight of every/],
    ['no range', () => interval(parts, 'empirical-likelihood'), 'INTERVAL_NEEDS', /option range/],
    [
      'no range of contributions',
      () => interval([1, 0], 'hoeffding'),
      'INTERVAL_NEEDS',
      /hoeffding needs option range/,
    ],
    [
      'length-normalised weights',
      () => interval({ ...parts, estimand: 'normalised' }, 'cressie-read', { range: [0, 1] }),
      'ESTIMAND',
      /mean weight of 1/,
    ],
    [
      'transformed weights',
      () => interval({ ...parts, importance: false }, 'cressie-read', { range: [0, 1] }),
      'INTERVAL_NEEDS',
      /untransformed/,
    ],
    [
      'a ratio for Hoeffding',
      () =>
        interval({ ...parts, numerator: Float64Array.of(1, 2), denominator: Float64Array.of(1, 2) }, 'hoeffding', {
          range: [0, 2],
        }),
      'INTERVAL_NEEDS',
      /self-normalised/,
    ],
    [
      'a reward out of range',
      () => interval(parts, 'cressie-read', { range: [0, 0.5] }),
      'INTERVAL_INPUT',
      /Number 0 of the rewards is 1/,
    ],
    [
      'a contribution out of range',
      () => interval([1, 3], 'hoeffding', { range: [0, 2] }),
      'INTERVAL_INPUT',
      /Number 1 of the contributions is 3/,
    ],
    [
      'a negative weight',
      () => interval({ ...parts, weights: [1, -1] }, 'cressie-read', { range: [0, 1] }),
      'INTERVAL_INPUT',
      /Number 1 of the weights/,
    ],
    ['a range upside down', () => interval(parts, 'cressie-read', { range: [1, 0] }), 'INTERVAL_OPTION', /range/],
    [
      'weights that cannot be 1 on average',
      () => interval(parts, 'cressie-read', { range: [0, 1], weightRange: [2, 3] }),
      'INTERVAL_OPTION',
      /weightRange/,
    ],
    [
      'clusters',
      () => interval(parts, 'cressie-read', { range: [0, 1], clusters: [1, 2] }),
      'INTERVAL_OPTION',
      /clusters/,
    ],
    [
      'dropped events where they make no sense',
      () => interval([1, 2], 't', { dropProbability: 0.1 }),
      'INTERVAL_OPTION',
      /dropProbability/,
    ],
    [
      'every event dropped',
      () => interval(parts, 'cressie-read', { range: [0, 1], dropProbability: 1 }),
      'INTERVAL_OPTION',
      /dropProbability/,
    ],
    ['rewards that are not binary', () => interval([1, 0.5], 'clopper-pearson'), 'INTERVAL_INPUT', /0 or 1/],
    [
      'one query',
      () =>
        interval({ contributions: Float64Array.of(1), weights: [1], rewards: [1] }, 'cressie-read', { range: [0, 1] }),
      'INTERVAL_NEEDS',
      /two queries/,
    ],
    [
      'a denominator of 0',
      () =>
        interval(
          { contributions: Float64Array.of(0, 0), numerator: new Float64Array(2), denominator: new Float64Array(2) },
          't',
        ),
      'INTERVAL_INPUT',
      /sums to 0/,
    ],
  ])('%s', (_, call, code, message) => {
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });
});

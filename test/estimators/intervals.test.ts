import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Bootstrap, percentiles } from '../../src/estimators/bootstrap.js';
import { interval } from '../../src/estimators/intervals/interval.js';
import { Random } from '../../src/estimators/random.js';
import { studentTQuantile } from '../../src/estimators/special-functions.js';
import { meanOf, ratioOf, type Statistic, standardError, statisticValue } from '../../src/estimators/statistic.js';

const fixture = (name: string) => JSON.parse(readFileSync(new URL(`../fixtures/ope/${name}`, import.meta.url), 'utf8'));
const LOGS = ['log-n200-k3-binary', 'log-n200-k10-continuous', 'log-n200-k4-signed', 'log-n2000-k5-binary'];

/** Terms of inverse propensity scoring: min(w, lambda) r. */
function ipwTerms(input: { n: number; k: number } & Record<string, number[]>, lambda: number): Float64Array {
  return Float64Array.from({ length: input.n }, (_, i) => {
    const weight = input.pi_e![i * input.k + input.action![i]!]! / input.pscore![i]!;
    return Math.min(weight, lambda) * input.reward![i]!;
  });
}

function lognormalSample(n: number, seed: number): Float64Array {
  const random = new Random(seed);
  return Float64Array.from({ length: n }, () => Math.exp(random.normal()));
}

describe('percentiles', () => {
  it('interpolate linearly like the published values', () => {
    for (const { x, q, percentile } of fixture('bootstrap.json').percentile) {
      const ours = percentiles(Float64Array.from(x), q);
      ours.forEach((value, i) => {
        expect(Math.abs(value - percentile[i])).toBeLessThan(1e-12 + 1e-9 * Math.abs(percentile[i]));
      });
    }
  });
});

describe('bootstrap', () => {
  it('gives the published intervals for the published resamples', () => {
    for (const { samples, resample_indices: resamples, ci } of fixture('bootstrap.json').small) {
      const settings = { resamples: resamples.length, seed: 0 };
      const bootstrap = new Bootstrap([meanOf(Float64Array.from(samples))], samples.length, settings);
      resamples.forEach((indices: number[], b: number) => {
        const counts = new Float64Array(samples.length);
        for (const index of indices) counts[index]!++;
        bootstrap.evaluate(b, counts);
      });
      for (const { alpha, lower, upper } of ci) {
        const [low, high] = percentiles(bootstrap.replicates[0]!, [50 * alpha, 100 - 50 * alpha]);
        expect(low).toBeCloseTo(lower, 10);
        expect(high).toBeCloseTo(upper, 10);
      }
    }
  });

  it.each(LOGS)('agrees with another generator within its spread over seeds: %s', (name) => {
    const { input, obp } = fixture(`${name}.json`);
    const rows = obp.bootstrap.filter(
      (row: { estimator: string; policy: string; over_seeds?: unknown }) =>
        row.estimator === 'ipw' && row.policy === 'pi_e' && row.over_seeds,
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { params, over_seeds: spread } of rows) {
      const lambda = params.lambda === 'inf' ? Infinity : params.lambda;
      for (const { n_bootstrap_samples: resamples, alpha, ...bounds } of [spread].flat()) {
        const ours = interval(ipwTerms(input, lambda), 'bootstrap-percentile', { alpha, resamples, seed: 11 });
        expect(Math.abs(ours.low - bounds.lower_mean)).toBeLessThan(4 * bounds.lower_sd + 1e-12);
        expect(Math.abs(ours.high - bounds.upper_mean)).toBeLessThan(4 * bounds.upper_sd + 1e-12);
      }
    }
  });

  it('depends on the seed alone, and its resamples do not depend on their number', () => {
    const statistic = meanOf(lognormalSample(50, 1));
    const replicates = (resamples: number, seed: number) => {
      const bootstrap = new Bootstrap([statistic], 50, { resamples, seed });
      bootstrap.run(0, resamples);
      return [...bootstrap.replicates[0]!];
    };
    expect(replicates(30, 5)).toEqual(replicates(60, 5).slice(0, 30));
    expect(replicates(30, 5)).not.toEqual(replicates(30, 6));
  });

  it('resamples the denominator of a ratio', () => {
    const weight = lognormalSample(80, 2);
    // A constant reward: the self-normalised value is exactly that constant in every resample.
    const numerator = weight.map((w) => 0.25 * w);
    const { low, high } = interval(
      { contributions: numerator, numerator, denominator: weight },
      'bootstrap-percentile',
    );
    expect(low).toBeCloseTo(0.25, 14);
    expect(high).toBeCloseTo(0.25, 14);
    const plain = interval(numerator, 'bootstrap-percentile');
    expect(plain.high - plain.low).toBeGreaterThan(0.05);
  });

  it('resamples clusters as wholes', () => {
    const values = lognormalSample(60, 3);
    const doubled = Float64Array.from([...values, ...values]);
    const clusters = Array.from({ length: 120 }, (_, i) => `user-${i % 60}`);
    const clusteredBounds = interval(doubled, 'bootstrap-percentile', { clusters, seed: 4 });
    const single = interval(values, 'bootstrap-percentile', { seed: 4 });
    expect(clusteredBounds.low).toBeCloseTo(single.low, 12);
    expect(clusteredBounds.high).toBeCloseTo(single.high, 12);
  });
});

describe('Student t', () => {
  it.each(LOGS)('gives the published one-sided bounds: %s', (name) => {
    const { input, obp } = fixture(`${name}.json`);
    const rows = obp.lower_bounds.filter((row: { rounds_of: string }) => row.rounds_of === 'ipw');
    expect(rows.length).toBeGreaterThan(0);
    for (const { delta, student_t: bound, ...row } of rows) {
      const lambda = typeof row.params?.lambda === 'number' ? row.params.lambda : Infinity;
      const { low, high } = interval(ipwTerms(input, lambda), 't', { alpha: delta, side: 'lower' });
      expect(Math.abs(low - bound)).toBeLessThan(1e-9 * Math.abs(bound));
      expect(high).toBe(Infinity);
    }
  });

  it('is symmetric about the mean with the sample standard deviation', () => {
    const { low, high } = interval([1, 2, 4], 't', { alpha: 0.1 });
    const half = studentTQuantile(0.95, 2) * Math.sqrt(7 / 3 / 3);
    expect(low).toBeCloseTo(7 / 3 - half, 13);
    expect(high).toBeCloseTo(7 / 3 + half, 13);
  });

  it('uses the delta method for ratios and products: jackknife agrees', () => {
    const n = 400;
    const random = new Random(5);
    const uniform = (low: number) => Float64Array.from({ length: n }, () => low + random.uniform());
    const denominator = uniform(0.5);
    const numerator = uniform(0).map((x, i) => x * denominator[i]!);
    const statistics: Statistic[] = [
      meanOf(numerator),
      ratioOf(numerator, denominator),
      { numerator, multipliers: [uniform(1)], denominators: [denominator, uniform(2)] },
    ];
    for (const statistic of statistics) {
      const jackknife = Array.from({ length: n }, (_, left) => {
        const without = (column: Float64Array) => column.filter((_, i) => i !== left);
        return statisticValue({
          numerator: without(statistic.numerator),
          multipliers: statistic.multipliers.map(without),
          denominators: statistic.denominators.map(without),
        });
      });
      const mean = jackknife.reduce((a, b) => a + b) / n;
      const variance = ((n - 1) / n) * jackknife.reduce((a, b) => a + (b - mean) ** 2, 0);
      expect(Math.abs(standardError(statistic) / Math.sqrt(variance) - 1)).toBeLessThan(0.01);
    }
  });
});

describe('what is refused', () => {
  it.each([
    ['an unknown method', () => interval([1, 2], 'bca'), 'INTERVAL_UNKNOWN', /bootstrap-percentile, t/],
    ['a number that is none', () => interval([1, Number.NaN, 3], 't'), 'INTERVAL_INPUT', /number 1 .* NaN/],
    ['one query', () => interval([1], 't'), 'INTERVAL_NEEDS', /two queries/],
    ['one cluster', () => interval([1, 2], 't', { clusters: ['a', 'a'] }), 'INTERVAL_NEEDS', /two clusters/],
    [
      'clusters of another length',
      () => interval([1, 2], 't', { clusters: ['a'] }),
      'INTERVAL_NEEDS',
      /1 entries for 2/,
    ],
    [
      'an estimate whose value is not the mean of its contributions',
      () => interval({ contributions: Float64Array.of(1, 2), value: 1.2 }, 't'),
      'INTERVAL_NEEDS',
      /numerator and denominator/,
    ],
    ['alpha 1', () => interval([1, 2], 't', { alpha: 1 }), 'INTERVAL_OPTION', /alpha/],
    ['no resamples', () => interval([1, 2], 'bootstrap-percentile', { resamples: 0 }), 'INTERVAL_OPTION', /resamples/],
  ])('%s', (_, call, code, message) => {
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });
});

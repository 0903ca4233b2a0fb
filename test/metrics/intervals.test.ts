import { describe, expect, it } from 'vitest';
import { interval } from '../../src/estimators/index.js';
import { Random } from '../../src/estimators/random.js';
import {
  distinct,
  metricInterval,
  pooledContributions,
  resampledInterval,
  selfBleu,
  spearman,
} from '../../src/metrics/index.js';
import { expectClose, tolerances } from '../helpers/tolerance.js';

const random = new Random(3);
const values = Array.from({ length: 40 }, () => random.uniform());

describe('interval of a mean over queries', () => {
  it('is that of the estimators, and the same for the same seed', () => {
    const { low, high, value, queries } = metricInterval(values, { seed: 5 });
    expect(interval(values, 'bootstrap-percentile', { seed: 5 })).toEqual({ low, high });
    expect(queries).toBe(40);
    expectClose([value], [values.reduce((a, b) => a + b) / 40], tolerances.f64);
    expect(metricInterval(values, { seed: 6 })).not.toEqual(metricInterval(values, { seed: 5 }));
  });

  it('leaves out queries where the metric is not defined, with their weights and clusters', () => {
    const gap = [...values.slice(0, 7), Number.NaN, ...values.slice(7)];
    expect(metricInterval(gap)).toEqual({ ...metricInterval(values), undefinedQueries: 1 });
    const clusters = values.map((_, query) => query % 9);
    const weights = values.map((_, query) => query % 4);
    expect(
      metricInterval(gap, { clusters: clusters.toSpliced(7, 0, 99), weights: weights.toSpliced(7, 0, 99) }),
    ).toEqual({ ...metricInterval(values, { clusters, weights }), undefinedQueries: 1 });
  });

  it('weighs queries', () => {
    expectClose([metricInterval([0, 1, 1], { weights: [3, 1, 0] }).value], [0.25], tolerances.f64);
    const equal = metricInterval(values, { weights: values.map(() => 2) });
    expectClose(Object.values(equal), Object.values(metricInterval(values)), tolerances.f64);
  });

  it.each<[string, () => unknown, string]>([
    ['one query', () => metricInterval([0.5]), 'INTERVAL_NEEDS'],
    ['no defined query', () => metricInterval([Number.NaN, Number.NaN]), 'INTERVAL_NEEDS'],
    ['weights of another length', () => metricInterval([1, 2], { weights: [1] }), 'METRIC_INPUT'],
    ['weights of 0', () => metricInterval([1, 2], { weights: [0, 0] }), 'METRIC_INPUT'],
    ['a negative weight', () => metricInterval([1, 2], { weights: [2, -1] }), 'METRIC_INPUT'],
    ['clusters of another length', () => metricInterval([1, 2], { clusters: ['a'] }), 'METRIC_INPUT'],
    ['an infinite value', () => metricInterval([1, Infinity]), 'INTERVAL_INPUT'],
    ['alpha', () => metricInterval([1, 2], { alpha: 5 }), 'INTERVAL_OPTION'],
    ['one unit to resample', () => resampledInterval(1, () => 0), 'METRIC_INPUT'],
    ['one query to leave out', () => pooledContributions([['a']], selfBleu), 'METRIC_INPUT'],
    ['one group', () => pooledContributions([['a'], ['b']], selfBleu, { groups: 1 }), 'METRIC_OPTION'],
  ])('refuses %s', (_, call, code) => {
    expect(call).toThrow(expect.objectContaining({ code }));
  });
});

describe('interval of a statistic that is no mean', () => {
  it('agrees with that of a mean where the statistic is one', () => {
    const mean = (sample: Int32Array) => sample.reduce((sum, query) => sum + values[query]!, 0) / sample.length;
    const { value, low, high } = metricInterval(values, { seed: 1 });
    expectClose(Object.values(resampledInterval(40, mean, { seed: 1 })), [value, low, high], tolerances.f64);
  });

  it('holds a rank correlation, and leaves out resamples where it is not defined', () => {
    const noisy = values.map((value) => value + 0.5 * random.uniform());
    const correlation = (x: number[], y: number[]) => (sample: Int32Array) =>
      spearman(
        Array.from(sample, (i) => x[i]!),
        Array.from(sample, (i) => y[i]!),
      );
    const { value, low, high } = resampledInterval(40, correlation(values, noisy));
    expect(value).toBe(spearman(values, noisy));
    expect(low).toBeGreaterThan(0.4);
    expect(low).toBeLessThan(value);
    expect(high).toBeGreaterThan(value);
    expect(high).toBeLessThanOrEqual(1);
    // One resample of three units in nine holds the same one three times.
    expect(resampledInterval(3, correlation([1, 2, 3], [1, 2, 3]))).toEqual({ value: 1, low: 1, high: 1 });
  });
});

describe('contributions to a metric of all responses', () => {
  /** A corpus of 60 queries: words of its topic, else of all. */
  function corpus(seed: number): string[][] {
    const draw = new Random(seed, 7);
    const word = () => `w${Math.floor(2000 ** draw.uniform())}`;
    return Array.from({ length: 60 }, () => {
      const topic = Array.from({ length: 10 }, word);
      const text = () => Array.from({ length: 12 }, () => (draw.uniform() < 0.5 ? topic[draw.integer(10)]! : word()));
      return [text().join(' '), text().join(' ')];
    });
  }
  const metrics = {
    'Distinct-1': (texts: readonly string[]) => distinct(texts, 1),
    'Distinct-2': (texts: readonly string[]) => distinct(texts, 2),
    'Self-BLEU': (texts: readonly string[]) => selfBleu(texts),
  };

  it.each(Object.entries(metrics))('average to %s, in groups or one by one', (_, metric) => {
    const slates = corpus(1);
    for (const groups of [7, 50, 100]) {
      const contributions = pooledContributions(slates, metric, { groups });
      expect(contributions).toHaveLength(Math.min(groups, slates.length));
      expectClose([metricInterval(contributions).value], [metric(slates.flat())], tolerances.f64);
    }
  });

  it('are the values themselves where the metric is a mean over queries', () => {
    const lengths = (texts: readonly string[]) => texts.reduce((sum, text) => sum + text.length, 0) / texts.length;
    const slates = [['a'], ['bb'], ['ccccc'], ['']];
    expectClose(pooledContributions(slates, lengths), [1, 2, 5, 0], tolerances.f64);
  });

  it.each(Object.entries(metrics))('give %s an interval as wide as its spread over corpora', (_, metric) => {
    const corpora = Array.from({ length: 40 }, (_, seed) => corpus(seed + 1));
    const measured = corpora.map((slates) => metric(slates.flat()));
    const centre = measured.reduce((a, b) => a + b) / corpora.length;
    const spread = Math.sqrt(measured.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (corpora.length - 1));
    const { low, high } = metricInterval(pooledContributions(corpora[0]!, metric, { groups: 30 }));
    const ratio = (high - low) / (2 * 1.96 * spread);
    expect(ratio).toBeGreaterThan(0.6);
    expect(ratio).toBeLessThan(1.7);
    // Resampling instead moves the metric itself by many times its spread.
    const draw = new Random(9);
    const resampled = metric(corpora[0]!.flatMap(() => corpora[0]![draw.integer(60)]!));
    expect(Math.abs(resampled - measured[0]!)).toBeGreaterThan(5 * spread);
  });
});

/**
 * @file Bootstrap intervals over queries for every metric (docs/metrics.md). The unit is the query: responses to one query
 * are not independent. Resample b depends on the seed and b only, so that two policies see the same resamples, and the
 * interval of their differences per query is a paired one.
 */
import { percentileInterval } from '../estimators/intervals/bootstrap-intervals.js';
import { interval } from '../estimators/intervals/interval.js';
import { checkedSettings, type IntervalOptions } from '../estimators/intervals/settings.js';
import { Random } from '../estimators/random.js';
import { sum } from '../estimators/sum.js';
import { requireInput } from './checks.js';

const METHOD = 'bootstrap-percentile';

/** The mean of a metric over queries, with its interval. */
export interface MetricInterval {
  value: number;
  low: number;
  high: number;
  /** Queries that count. */
  queries: number;
  /** Queries left out because the metric is not defined (NaN) there. */
  undefinedQueries: number;
}

type BootstrapOptions = Pick<IntervalOptions, 'alpha' | 'side' | 'resamples' | 'seed'>;

/** Of the bootstrap over queries. */
export interface MetricIntervalOptions extends BootstrapOptions {
  /** Cluster of each query: clusters are then what is resampled. */
  clusters?: ArrayLike<string | number>;
  /** Weight of each query, at least 0, not all 0; default 1. */
  weights?: ArrayLike<number>;
}

/**
 * The mean of a metric over queries, with a percentile bootstrap interval. `values` [queries] is the metric of each query;
 * NaN, not defined there, leaves the query out.
 * @throws UsageError METRIC_INPUT for lists of different lengths or weights that are none; INTERVAL_NEEDS for fewer than two
 *   queries, and the others of `interval`
 */
export function metricInterval(
  values: ArrayLike<number>,
  { weights, clusters, ...options }: MetricIntervalOptions = {},
): MetricInterval {
  for (const [name, list] of Object.entries({ weights, clusters })) {
    const fits = list === undefined || list.length === values.length;
    requireInput(fits, `Interval of a metric, ${name}: expected one per query, ${values.length}, got ${list?.length}.`);
  }
  const defined = Array.from(values, (_, query) => query).filter((query) => !Number.isNaN(values[query]!));
  const denominator = Float64Array.from(defined, (query) => weights?.[query] ?? 1);
  const numerator = denominator.map((weight, i) => weight * values[defined[i]!]!);
  const total = sum(denominator);
  requireInput(
    defined.length === 0 || (total > 0 && denominator.every((weight) => weight >= 0)),
    'Interval of a metric, weights: expected numbers of at least 0, one of them above 0 where the metric is defined.',
  );
  const bounds = interval({ contributions: numerator, numerator, denominator }, METHOD, {
    ...options,
    ...(clusters && { clusters: defined.map((query) => clusters[query]!) }),
  });
  return {
    value: sum(numerator) / total,
    ...bounds,
    queries: defined.length,
    undefinedQueries: values.length - defined.length,
  };
}

/**
 * Percentile bootstrap interval of a statistic that is no mean, such as a rank correlation: `statistic` is computed anew on
 * each resample, given as the indices of its units. Resamples on which it is NaN are left out. Not for metrics of all
 * responses together, which a query drawn twice distorts: `pooledContributions`.
 * @throws UsageError METRIC_INPUT for fewer than two units; INTERVAL_OPTION
 */
export function resampledInterval(
  units: number,
  statistic: (sample: Int32Array) => number,
  options: BootstrapOptions = {},
): { value: number; low: number; high: number } {
  const settings = checkedSettings(METHOD, options, [METHOD]);
  requireInput(
    Number.isInteger(units) && units >= 2,
    `An interval needs at least two units to resample, got ${units}.`,
  );
  const replicates = Float64Array.from({ length: settings.resamples }, (_, resample) => {
    const random = new Random(settings.seed, resample);
    return statistic(Int32Array.from({ length: units }, () => random.integer(units)));
  });
  const value = statistic(Int32Array.from({ length: units }, (_, unit) => unit));
  return { value, ...percentileInterval(replicates, settings) };
}

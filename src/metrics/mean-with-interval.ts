import { type MetricIntervalOptions, metricInterval } from './intervals.js';

/** A mean over queries; null where it is not defined for any, bounds null where fewer than two queries define it. */
export interface MeasuredMean {
  value: number | null;
  low: number | null;
  high: number | null;
  queries: number;
  undefinedQueries: number;
}

/** As `metricInterval`, for any number of queries. */
export function meanWithInterval(values: ArrayLike<number>, options: MetricIntervalOptions = {}): MeasuredMean {
  const defined = Array.from(values).filter((value) => !Number.isNaN(value));
  if (defined.length >= 2) return metricInterval(values, options);
  const undefinedQueries = values.length - defined.length;
  return { value: defined[0] ?? null, low: null, high: null, queries: defined.length, undefinedQueries };
}

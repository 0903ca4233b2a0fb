/** @file Intervals of the mean of n independent contributions. */
import { normalQuantile } from '../special-functions.js';
import { sum } from '../sum.js';
import { fromBounds, type IntervalSettings } from './settings.js';

/** How far a one-sided bound that misses with probability `tail` lies from the mean. */
type Reach = (tail: number) => number;

export function aroundMean(mean: number, reach: Reach, settings: IntervalSettings): { low: number; high: number } {
  return fromBounds(
    settings,
    (tail) => mean - reach(tail),
    (tail) => mean + reach(tail),
  );
}

/** Standard normal quantile x standard deviation / sqrt(n), of `events` of which those not in `values` are 0. */
export function normalReach(values: Float64Array, events: number): Reach {
  const total = sum(values);
  const variance = (sum(values.map((x) => x * x)) - (total * total) / events) / (events - 1);
  return (tail) => normalQuantile(1 - tail) * Math.sqrt(Math.max(0, variance) / events);
}

/** M sqrt(ln(1 / tail) / (2n)) for contributions in a range of width M (Hoeffding, JASA 1963, theorem 2). */
export function hoeffdingReach(n: number, width: number): Reach {
  return (tail) => width * Math.sqrt(Math.log(1 / tail) / (2 * n));
}

/**
 * sqrt(2 s^2 ln(2 / tail) / n) + 7 M ln(2 / tail) / (3 (n - 1)), s^2 the sample variance (Maurer & Pontil, COLT 2009,
 * theorem 4).
 */
export function empiricalBernsteinReach(values: Float64Array, width: number): Reach {
  const n = values.length;
  const mean = sum(values) / n;
  const variance = sum(values.map((x) => (x - mean) ** 2)) / (n - 1);
  return (tail) => {
    const log = Math.log(2 / tail);
    return Math.sqrt((2 * variance * log) / n) + (7 * width * log) / (3 * (n - 1));
  };
}

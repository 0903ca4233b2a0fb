import { describeValue, UsageError } from '../errors.js';
import { Bootstrap, percentiles } from './bootstrap.js';
import { studentTQuantile } from './special-functions.js';
import {
  columnsOf,
  meanOf,
  ratioOf,
  type Statistic,
  standardError,
  statisticValue,
  sumOverClusters,
} from './statistic.js';

export const INTERVAL_METHODS = ['bootstrap-percentile', 't'] as const;
export type IntervalMethod = (typeof INTERVAL_METHODS)[number];
export const DEFAULT_RESAMPLES = 2000;

/** What an interval is made for: the contributions of the queries, or an estimate that knows its numerator and denominator. */
export type IntervalInput =
  | Float64Array
  | readonly number[]
  | { contributions: Float64Array; value?: number; numerator?: unknown; denominator?: unknown };

export interface IntervalOptions {
  /** 1 - confidence; 0.05 by default. */
  alpha?: number;
  /** 'lower' and 'upper' put all of alpha on one side; the other bound is then infinite. */
  side?: 'two' | 'lower' | 'upper';
  resamples?: number;
  seed?: number;
  /** Cluster of each query: clusters are then what is resampled. Any values; equal means same cluster. */
  clusters?: ArrayLike<string | number>;
}

/**
 * A confidence interval of a value over queries (docs/theory.md section 7).
 *
 * `input` is Float64Array [n] of contributions, whose mean is the value, or an estimate: with arrays `numerator` and
 * `denominator` [n] the value is the ratio of their sums and the denominator is resampled too; else `contributions`, whose
 * mean its `value` must be.
 *
 * - 'bootstrap-percentile': percentiles of `resamples` (2000) resamples of queries or clusters.
 * - 't': value +- Student t quantile x standard error (delta method for ratios), one degree of freedom less than queries
 *   or clusters.
 *
 * @throws UsageError INTERVAL_UNKNOWN for another method, INTERVAL_NEEDS for fewer than two queries (or clusters) or
 *   clusters of another length, INTERVAL_INPUT for numbers that are not finite, INTERVAL_OPTION for an option out of range.
 */
export function interval(
  input: IntervalInput,
  method: string,
  options: IntervalOptions = {},
): { low: number; high: number } {
  const settings = checkedSettings(method, options);
  const statistic = clustered(statisticOf(input), options.clusters);
  requireFinite(statistic);
  requireUnits(statistic, method, options.clusters ? 'clusters' : 'queries');
  if (method === 't') return studentTInterval(statistic, settings);
  const bootstrap = new Bootstrap([statistic], statistic.numerator.length, settings);
  bootstrap.run(0, settings.resamples);
  return percentileInterval(bootstrap.replicates[0]!, settings);
}

export interface IntervalSettings {
  alpha: number;
  side: 'two' | 'lower' | 'upper';
  resamples: number;
  seed: number;
}

/** Fills in defaults and refuses what is out of range. */
export function checkedSettings(method: string, options: IntervalOptions): IntervalSettings {
  if (!INTERVAL_METHODS.includes(method as IntervalMethod)) {
    throw new UsageError(
      'INTERVAL_UNKNOWN',
      `There is no interval method ${describeValue(method)}; choose one of ${INTERVAL_METHODS.join(', ')}.`,
    );
  }
  const { alpha = 0.05, side = 'two', resamples = DEFAULT_RESAMPLES, seed = 0 } = options;
  requireOption('alpha', alpha > 0 && alpha < 1, alpha, 'a number between 0 and 1');
  requireOption('side', ['two', 'lower', 'upper'].includes(side), side, 'two, lower or upper');
  requireOption('resamples', Number.isInteger(resamples) && resamples >= 1, resamples, 'an integer of at least 1');
  requireOption('seed', Number.isSafeInteger(seed) && seed >= 0, seed, 'a non-negative integer');
  return { alpha, side, resamples, seed };
}

function requireOption(name: string, holds: boolean, value: unknown, expected: string): void {
  if (!holds) {
    throw new UsageError(
      'INTERVAL_OPTION',
      `Option ${name} of an interval must be ${expected}, not ${describeValue(value)}.`,
    );
  }
}

export function studentTInterval(statistic: Statistic, settings: IntervalSettings): { low: number; high: number } {
  const value = statisticValue(statistic);
  const { lowTail, highTail } = tails(settings);
  const df = statistic.numerator.length - 1;
  const error = standardError(statistic);
  return {
    low: lowTail === 0 ? -Infinity : value - studentTQuantile(1 - lowTail, df) * error,
    high: highTail === 0 ? Infinity : value + studentTQuantile(1 - highTail, df) * error,
  };
}

export function percentileInterval(
  replicates: Float64Array,
  settings: IntervalSettings,
): { low: number; high: number } {
  const { lowTail, highTail } = tails(settings);
  const [low, high] = percentiles(replicates, [100 * lowTail, 100 * (1 - highTail)]) as [number, number];
  return { low: lowTail === 0 ? -Infinity : low, high: highTail === 0 ? Infinity : high };
}

function tails({ side, alpha }: IntervalSettings): { lowTail: number; highTail: number } {
  if (side === 'two') return { lowTail: alpha / 2, highTail: alpha / 2 };
  return side === 'lower' ? { lowTail: alpha, highTail: 0 } : { lowTail: 0, highTail: alpha };
}

function statisticOf(input: IntervalInput): Statistic {
  if (input instanceof Float64Array) return meanOf(input);
  if (!('contributions' in input)) return meanOf(Float64Array.from(input));
  const { numerator, denominator, contributions, value } = input;
  if (!(numerator instanceof Float64Array && denominator instanceof Float64Array)) {
    return checkedMean(contributions, value);
  }
  if (numerator.length !== denominator.length) {
    throw new UsageError(
      'INTERVAL_NEEDS',
      `The estimate has ${numerator.length} numerators and ${denominator.length} denominators; expected one of each per query.`,
    );
  }
  return ratioOf(numerator, denominator);
}

/** A weighted or self-normalised value is no mean of its contributions: their interval would be one of something else. */
function checkedMean(contributions: Float64Array, value: number | undefined): Statistic {
  const mean = meanOf(contributions);
  const difference = value === undefined ? 0 : Math.abs(statisticValue(mean) - value);
  if (difference <= 1e-9 * Math.max(1, Math.abs(value ?? 0))) return mean;
  throw new UsageError(
    'INTERVAL_NEEDS',
    `The estimate's value ${value} is not the mean of its contributions, so it is weighted or self-normalised; ` +
      'an interval needs its numerator and denominator, one of each per query (evaluate makes such intervals).',
  );
}

function clustered(statistic: Statistic, clusters: ArrayLike<string | number> | undefined): Statistic {
  if (clusters === undefined) return statistic;
  if (clusters.length !== statistic.numerator.length) {
    throw new UsageError(
      'INTERVAL_NEEDS',
      `Option clusters has ${clusters.length} entries for ${statistic.numerator.length} queries; expected one cluster per query.`,
    );
  }
  const { index, count } = indexClusters(clusters);
  return sumOverClusters(statistic, index, count);
}

/** Numbers clusters in order of appearance. */
export function indexClusters(clusters: ArrayLike<string | number>): { index: Int32Array; count: number } {
  const numbers = new Map<string | number, number>();
  const index = Int32Array.from(clusters as ArrayLike<never>, (cluster: string | number) => {
    const known = numbers.get(cluster);
    if (known !== undefined) return known;
    numbers.set(cluster, numbers.size);
    return numbers.size - 1;
  });
  return { index, count: numbers.size };
}

function requireFinite(statistic: Statistic): void {
  for (const column of columnsOf(statistic)) {
    const bad = column.findIndex((value) => !Number.isFinite(value));
    if (bad < 0) continue;
    const message = `An interval needs finite numbers; number ${bad} of its input is ${column[bad]}.`;
    throw new UsageError('INTERVAL_INPUT', message);
  }
}

function requireUnits(statistic: Statistic, method: string, unit: string): void {
  const units = statistic.numerator.length;
  if (units < 2) {
    throw new UsageError('INTERVAL_NEEDS', `Interval ${method} needs at least two ${unit}; the log has ${units}.`);
  }
}

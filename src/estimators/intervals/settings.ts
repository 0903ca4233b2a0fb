import { describeValue, UsageError } from '../../errors.js';
import { RESAMPLINGS, type Resampling } from '../bootstrap.js';

/** The methods that work on queries alone, for any statistic; `evaluate` offers these. */
export const QUERY_INTERVALS = ['bootstrap-percentile', 't', 'bootstrap-bca'] as const;
/** For the mean of independent contributions. */
export const MEAN_INTERVALS = ['normal', 'hoeffding', 'empirical-bernstein'] as const;
/** For E[weight * reward], from weights and rewards. */
export const WEIGHT_INTERVALS = [
  'empirical-likelihood',
  'cressie-read',
  'confidence-sequence',
  'clopper-pearson',
] as const;
/** Every method of `interval`: of contributions of queries, of means, and of weights with rewards (docs/estimators.md). */
export const INTERVAL_METHODS = [...QUERY_INTERVALS, ...MEAN_INTERVALS, ...WEIGHT_INTERVALS] as const;

/** The methods that `evaluate` offers, for contributions of queries. */
export type QueryInterval = (typeof QUERY_INTERVALS)[number];
export type MeanInterval = (typeof MEAN_INTERVALS)[number];
export type WeightInterval = (typeof WEIGHT_INTERVALS)[number];
/** One of INTERVAL_METHODS. */
export type IntervalMethod = (typeof INTERVAL_METHODS)[number];

export const DEFAULT_RESAMPLES = 2000;

/** Settings of `interval`; each method reads those that it needs. */
export interface IntervalOptions {
  /** 1 - confidence; 0.05 by default. */
  alpha?: number;
  /** 'lower' and 'upper' put all of alpha on one side; the other bound is then infinite. */
  side?: 'two' | 'lower' | 'upper';
  resamples?: number;
  seed?: number;
  /** How bootstraps draw; by default 'multinomial' below 10,000 units, 'poisson' from there. */
  resampling?: Resampling;
  /** Cluster of each query: clusters are then what is resampled. Any values; equal means same cluster. */
  clusters?: ArrayLike<string | number>;
  /** Smallest and largest possible contribution (hoeffding, empirical-bernstein) or reward (methods of weights). */
  range?: readonly [number, number];
  /** Smallest and largest possible weight, around 1; [0, Infinity] by default, widened to what is in the log. */
  weightRange?: readonly [number, number];
  /** Probability with which the logger threw an event away before it reached the log: weights are divided by 1 - p. */
  dropProbability?: number;
  /** Events thrown away per event in the log, where known; p / (1 - p) by default. */
  droppedPerEvent?: number;
}

export interface IntervalSettings {
  alpha: number;
  side: 'two' | 'lower' | 'upper';
  resamples: number;
  seed: number;
  resampling: Resampling | undefined;
}

/** Fills in defaults and refuses what is out of range. @throws UsageError INTERVAL_UNKNOWN, INTERVAL_OPTION */
export function checkedSettings<Method extends string>(
  method: string,
  options: IntervalOptions,
  methods: readonly Method[],
): IntervalSettings & { method: Method } {
  if (!methods.includes(method as Method)) {
    throw new UsageError(
      'INTERVAL_UNKNOWN',
      `There is no interval method ${describeValue(method)}; choose one of ${methods.join(', ')}.`,
    );
  }
  const { alpha = 0.05, side = 'two', resamples = DEFAULT_RESAMPLES, seed = 0, resampling } = options;
  requireOption('alpha', alpha > 0 && alpha < 1, alpha, 'a number between 0 and 1');
  requireOption('side', ['two', 'lower', 'upper'].includes(side), side, 'two, lower or upper');
  requireOption('resamples', Number.isInteger(resamples) && resamples >= 1, resamples, 'an integer of at least 1');
  requireOption('seed', Number.isSafeInteger(seed) && seed >= 0, seed, 'a non-negative integer');
  const known = resampling === undefined || RESAMPLINGS.includes(resampling);
  requireOption('resampling', known, resampling, RESAMPLINGS.join(' or '));
  return { alpha, side, resamples, seed, resampling, method: method as Method };
}

export function requireOption(name: string, holds: boolean, value: unknown, expected: string): void {
  if (holds) return;
  const message = `Option ${name} of an interval must be ${expected}, not ${describeValue(value)}.`;
  throw new UsageError('INTERVAL_OPTION', message);
}

/** Probability of a miss on either side; 0 where that bound is infinite. */
export function tails({ side, alpha }: IntervalSettings): { lowTail: number; highTail: number } {
  if (side === 'two') return { lowTail: alpha / 2, highTail: alpha / 2 };
  return side === 'lower' ? { lowTail: alpha, highTail: 0 } : { lowTail: 0, highTail: alpha };
}

/** An interval from its two one-sided bounds; a bound is only formed where the side asks for it. */
export function fromBounds(
  settings: IntervalSettings,
  low: (tail: number) => number,
  high: (tail: number) => number,
): { low: number; high: number } {
  const { lowTail, highTail } = tails(settings);
  return { low: lowTail === 0 ? -Infinity : low(lowTail), high: highTail === 0 ? Infinity : high(highTail) };
}

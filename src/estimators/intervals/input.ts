import { UsageError } from '../../errors.js';
import { columnsOf, meanOf, ratioOf, type Statistic, statisticValue } from '../statistic.js';
import { type IntervalOptions, requireOption } from './settings.js';
import type { WeightedLog } from './weighted-log.js';

type Ratio = { numerator: Float64Array; denominator: Float64Array };

/** An estimate that knows its parts; arrays are [n]. */
export interface IntervalParts {
  contributions: Float64Array;
  value?: number;
  numerator?: unknown;
  denominator?: unknown;
  /** Ratios that are added to numerator / denominator. */
  plus?: readonly Ratio[];
  weights?: ArrayLike<number>;
  rewards?: ArrayLike<number>;
  /** False where the value is not E[weight * reward] with E[weight] = 1. */
  importance?: boolean;
  /** Smallest and largest possible reward. */
  range?: readonly [number, number];
  /** 'normalised' where weights are length-normalised: their mean is then not 1. */
  estimand?: string;
}

/** What an interval is made for: the contributions of the queries, or an estimate. */
export type IntervalInput = Float64Array | readonly number[] | IntervalParts;

/** The value as a function of sums over queries. @throws UsageError INTERVAL_NEEDS, INTERVAL_INPUT */
export function statisticOf(input: IntervalInput): Statistic {
  const statistic = unchecked(input);
  for (const column of columnsOf(statistic)) requireFinite(column, 'its input');
  if (Number.isFinite(statisticValue(statistic)) || statistic.numerator.length === 0) return statistic;
  throw new UsageError('INTERVAL_INPUT', 'An interval needs a value; the denominator of this estimate sums to 0.');
}

function unchecked(input: IntervalInput): Statistic {
  if (input instanceof Float64Array) return meanOf(input);
  if (!('contributions' in input)) return meanOf(Float64Array.from(input));
  const { numerator, denominator, plus = [], contributions, value } = input;
  if (!(numerator instanceof Float64Array && denominator instanceof Float64Array)) {
    return checkedMean(contributions, value);
  }
  return [{ numerator, denominator }, ...plus].reduceRight<Statistic | undefined>((rest, ratio) => {
    if (ratio.numerator.length !== ratio.denominator.length || ratio.numerator.length !== numerator.length) {
      throw new UsageError(
        'INTERVAL_NEEDS',
        `The estimate has ${ratio.numerator.length} numerators and ${ratio.denominator.length} denominators; expected one of each per query.`,
      );
    }
    const statistic = ratioOf(ratio.numerator, ratio.denominator);
    return rest ? { ...statistic, plus: rest } : statistic;
  }, undefined)!;
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

/** The contributions of a value that is their plain mean. @throws UsageError INTERVAL_NEEDS */
export function contributionsOf(input: IntervalInput, method: string): Float64Array {
  if ('contributions' in input && input.denominator !== undefined) {
    throw new UsageError(
      'INTERVAL_NEEDS',
      `Interval ${method} needs the mean of independent contributions; this value is self-normalised. Use a bootstrap or t.`,
    );
  }
  return statisticOf(input).numerator;
}

/** @throws UsageError INTERVAL_NEEDS naming what is missing, ESTIMAND where the mean weight is not 1, INTERVAL_INPUT */
export function weightedLogOf(input: IntervalInput, method: string, options: IntervalOptions): WeightedLog {
  const parts: Partial<IntervalParts> = 'contributions' in input ? input : {};
  if (parts.estimand === 'normalised') {
    throw new UsageError(
      'ESTIMAND',
      `Interval ${method} assumes a mean weight of 1; length-normalised weights have none. Use a bootstrap or t.`,
    );
  }
  const alone = method === 'clopper-pearson' && !parts.weights ? binary(statisticOf(input).numerator) : null;
  const weights = alone ? new Float64Array(alone.length).fill(1) : parts.weights;
  const rewards = alone ?? parts.rewards;
  const range = options.range ?? parts.range ?? (alone ? ([0, 1] as const) : undefined);
  if (!weights) throw needs(method, 'the weight of every query (weights of the estimate)');
  if (!rewards) throw needs(method, 'the reward of every query (rewards of the estimate)');
  if (!range) throw needs(method, 'option range, the smallest and largest possible reward');
  if (parts.importance === false) {
    throw needs(method, 'an estimate that is E[weight * reward] with untransformed importance weights, as ips');
  }
  if (weights.length !== rewards.length) {
    throw needs(method, `one weight per reward; it got ${weights.length} and ${rewards.length}`);
  }
  requireRange('range', range, options.range ?? range);
  return thinned(Float64Array.from(weights), Float64Array.from(rewards), range, options);
}

function thinned(
  logged: Float64Array,
  rewards: Float64Array,
  range: readonly [number, number],
  options: IntervalOptions,
): WeightedLog {
  requireFinite(logged, 'the weights');
  requireWithin(logged, [0, Infinity], 'the weights');
  requireWithin(rewards, range, 'the rewards');
  const { keep, dropped } = thinningOf(options);
  const weights = logged.map((w) => w / keep);
  const [low, high] = options.weightRange ?? [0, Infinity];
  requireOption('weightRange', low >= 0 && low < 1 && high > 1, [low, high], '[low, high] around 1, low at least 0');
  const smallest = weights.reduce((a, b) => Math.min(a, b), low);
  const largest = weights.reduce((a, b) => Math.max(a, b), high);
  return { weights, rewards, rewardRange: range, weightRange: [smallest, largest], dropped };
}

/** Probability of having kept an event, and events dropped per event in the log. */
export function thinningOf({ dropProbability = 0, droppedPerEvent }: IntervalOptions): {
  keep: number;
  dropped: number;
} {
  const holds = dropProbability >= 0 && dropProbability < 1;
  requireOption('dropProbability', holds, dropProbability, 'a number of at least 0 and below 1');
  const dropped = droppedPerEvent ?? dropProbability / (1 - dropProbability);
  requireOption('droppedPerEvent', Number.isFinite(dropped) && dropped >= 0, dropped, 'a number of at least 0');
  return { keep: 1 - dropProbability, dropped };
}

export function needs(method: string, what: string): UsageError {
  return new UsageError('INTERVAL_NEEDS', `Interval ${method} needs ${what}.`);
}

export function requireRange(name: string, range: readonly [number, number], given: unknown): void {
  const holds = range.length === 2 && range.every(Number.isFinite) && range[0] < range[1];
  requireOption(name, holds, given, '[smallest, largest], two finite numbers in this order');
}

export function requireWithin(values: Float64Array, [low, high]: readonly [number, number], what: string): void {
  const bad = values.findIndex((value) => !(value >= low && value <= high));
  if (bad < 0) return;
  throw new UsageError('INTERVAL_INPUT', `Number ${bad} of ${what} is ${values[bad]}, outside [${low}, ${high}].`);
}

function requireFinite(column: Float64Array, what: string): void {
  const bad = column.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  throw new UsageError(
    'INTERVAL_INPUT',
    `An interval needs finite numbers; number ${bad} of ${what} is ${column[bad]}.`,
  );
}

function binary(rewards: Float64Array): Float64Array {
  const bad = rewards.findIndex((r) => r !== 0 && r !== 1);
  if (bad < 0) return rewards;
  const message = `Interval clopper-pearson without weights is for rewards of 0 or 1; number ${bad} is ${rewards[bad]}.`;
  throw new UsageError('INTERVAL_INPUT', message);
}

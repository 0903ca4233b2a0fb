import { UsageError } from '../../errors.js';
import { Bootstrap } from '../bootstrap.js';
import type { Statistic } from '../statistic.js';
import { sum } from '../sum.js';
import { bcaInterval, percentileInterval } from './bootstrap-intervals.js';
import { clopperPearsonInterval } from './clopper-pearson.js';
import { clustered } from './clusters.js';
import { sequenceBound } from './confidence-sequence.js';
import { cressieReadBound } from './cressie-read.js';
import { empiricalLikelihoodBound } from './empirical-likelihood.js';
import {
  contributionsOf,
  type IntervalInput,
  needs,
  requireRange,
  requireWithin,
  statisticOf,
  thinningOf,
  weightedLogOf,
} from './input.js';
import { aroundMean, empiricalBernsteinReach, hoeffdingReach, normalReach } from './mean-intervals.js';
import {
  checkedSettings,
  fromBounds,
  INTERVAL_METHODS,
  type IntervalOptions,
  type IntervalSettings,
  MEAN_INTERVALS,
  type MeanInterval,
  QUERY_INTERVALS,
  type QueryInterval,
  type WeightInterval,
} from './settings.js';
import { studentTInterval } from './student-t.js';
import { negated, type WeightedLog } from './weighted-log.js';

interface Bounds {
  low: number;
  high: number;
}

/**
 * A confidence interval of a value over queries (docs/theory.md section 7; docs/estimators.md has what goes with what).
 *
 * `input` is Float64Array [n] of contributions, whose mean is the value, or an estimate: with arrays `numerator` and
 * `denominator` [n] the value is the ratio of their sums (plus those of `plus`) and the denominator is resampled too; else
 * `contributions`, whose mean its `value` must be. The methods of weights read `weights` and `rewards` [n].
 *
 * - 'bootstrap-percentile', 'bootstrap-bca', 't': any value; `clusters` are resampled as wholes.
 * - 'normal', 'hoeffding', 'empirical-bernstein': a mean of contributions; the last two need their `range`.
 * - 'empirical-likelihood', 'cressie-read', 'confidence-sequence', 'clopper-pearson': E[w r] with E[w] = 1; need the `range` of
 *   rewards. Clopper-Pearson also takes contributions that are 0 or 1.
 *
 * @throws UsageError INTERVAL_UNKNOWN for another method, INTERVAL_NEEDS naming an input that the method lacks, ESTIMAND for weights
 *   whose mean is not 1, INTERVAL_INPUT for numbers that are not finite or out of their range, INTERVAL_OPTION for an option
 *   out of range or of another method.
 */
export function interval(input: IntervalInput, method: string, options: IntervalOptions = {}): Bounds {
  const settings = checkedSettings(method, options, INTERVAL_METHODS);
  if (isOne(settings.method, QUERY_INTERVALS)) {
    refuseOptions(method, options, ['dropProbability', 'droppedPerEvent']);
    return queryInterval(statisticOf(input), settings.method, options, settings);
  }
  refuseOptions(method, options, ['clusters']);
  if (isOne(settings.method, MEAN_INTERVALS)) {
    return meanInterval(contributionsOf(input, method), settings.method, options, settings);
  }
  const log = weightedLogOf(input, method, options);
  requireUnits(log.weights.length, method, 'queries');
  return weightInterval(log, settings.method, settings);
}

function isOne<Method extends string>(method: string, methods: readonly Method[]): method is Method {
  return methods.includes(method as Method);
}

function queryInterval(
  perQuery: Statistic,
  method: QueryInterval,
  { clusters }: IntervalOptions,
  settings: IntervalSettings,
): Bounds {
  const statistic = clustered(perQuery, clusters);
  const units = statistic.numerator.length;
  requireUnits(units, method, clusters ? 'clusters' : 'queries');
  if (method === 't') return studentTInterval(statistic, settings);
  const bootstrap = new Bootstrap([statistic], units, settings);
  bootstrap.run(0, settings.resamples);
  const replicates = bootstrap.replicates[0]!;
  return method === 'bootstrap-bca'
    ? bcaInterval(statistic, replicates, settings)
    : percentileInterval(replicates, settings);
}

function meanInterval(
  contributions: Float64Array,
  method: MeanInterval,
  options: IntervalOptions,
  settings: IntervalSettings,
): Bounds {
  const n = contributions.length;
  requireUnits(n, method, 'queries');
  if (method === 'normal') {
    const { keep, dropped } = thinningOf(options);
    const values = contributions.map((x) => x / keep);
    const events = n * (1 + dropped);
    return aroundMean(sum(values) / events, normalReach(values, events), settings);
  }
  refuseOptions(method, options, ['dropProbability', 'droppedPerEvent']);
  const { range } = options;
  if (!range) throw needs(method, 'option range, the smallest and largest possible contribution');
  requireRange('range', range, range);
  requireWithin(contributions, range, 'the contributions');
  const width = range[1] - range[0];
  const reach = method === 'hoeffding' ? hoeffdingReach(n, width) : empiricalBernsteinReach(contributions, width);
  return aroundMean(sum(contributions) / n, reach, settings);
}

function weightInterval(log: WeightedLog, method: WeightInterval, settings: IntervalSettings): Bounds {
  if (method === 'clopper-pearson') return clopperPearsonInterval(log, settings);
  const bound = {
    'empirical-likelihood': empiricalLikelihoodBound,
    'cressie-read': cressieReadBound,
    'confidence-sequence': sequenceBound,
  }[method];
  return fromBounds(
    settings,
    (tail) => bound(log, tail),
    (tail) => -bound(negated(log), tail),
  );
}

function requireUnits(units: number, method: string, unit: string): void {
  if (units < 2) throw needs(method, `at least two ${unit}; the log has ${units}`);
}

function refuseOptions(method: string, options: IntervalOptions, names: readonly (keyof IntervalOptions)[]): void {
  const given = names.find((name) => options[name] !== undefined);
  if (given) throw new UsageError('INTERVAL_OPTION', `Interval ${method} does not take option ${given}; leave it out.`);
}

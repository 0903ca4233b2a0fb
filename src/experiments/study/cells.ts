/** @file Cells of a study's table: means over seeds, intervals over queries, and paired differences from the baseline. */
import type { Comparison } from '../../estimators/compare/result.js';
import type { Estimate, Evaluation } from '../../estimators/result.js';
import { type MetricIntervalOptions, resampledInterval } from '../../metrics/intervals.js';
import { meanWithInterval } from '../../metrics/mean-with-interval.js';
import type { Contributions } from '../../metrics/measure/contributions.js';
import type { JudgeSummary, MetricName } from '../../metrics/measure/result.js';
import type { StudyMeasured } from './measure.js';
import type { Cell } from './table.js';

/** What a column of values is normalised by. */
export const NORMALISE = { value: 'none', index: 'tokens' } as const;

type IntervalOptions = Pick<MetricIntervalOptions, 'alpha' | 'resamples'>;

/**
 * A metric of a method, measured once for each seed on the same queries. What every query adds is averaged over seeds first: the
 * interval is over queries, for these seeds.
 *
 * @param baseline the same of the method to compare with, seed by seed; null for none
 */
export function metricCell(
  metric: MetricName,
  method: readonly StudyMeasured[],
  baseline: readonly StudyMeasured[] | null,
  options: Required<IntervalOptions>,
): Cell | null {
  const own = averaged(metric, method);
  if (own === null) return null;
  const seeds = method.map(({ measurements }) => measuredValue(measurements.metrics, metric));
  const other = baseline && averaged(metric, baseline);
  const { value, low, high } = summary(metric, own, options);
  return { value, low, high, difference: other && difference(metric, own, other, options), seeds, verdict: null };
}

function measuredValue(metrics: StudyMeasured['measurements']['metrics'], metric: MetricName): number | null {
  return metrics.find((each) => each.metric === metric)?.value ?? null;
}

/** Contributions of all seeds as those of one run: weighted means where there are weights. */
function averaged(metric: MetricName, runs: readonly StudyMeasured[]): Contributions | null {
  const all = runs.map(({ contributions }) => contributions[metric]);
  if (all.some((each) => each === undefined)) return null;
  const [first] = all as Contributions[];
  if (all.length === 1) return first!;
  const weight = (run: number, query: number) => all[run]!.weights?.[query] ?? 1;
  const sums = (of: (run: number) => number) => all.reduce((sum, _, run) => sum + of(run), 0);
  return {
    values: first!.values.map(
      (_, query) =>
        sums((run) => (weight(run, query) === 0 ? 0 : weight(run, query) * all[run]!.values[query]!)) /
        sums((run) => weight(run, query)),
    ),
    weights: first!.weights?.map((_, query) => sums((run) => weight(run, query))) ?? null,
  };
}

/** Perplexity is exp of its mean; so are its bounds. */
function scaleOf(metric: MetricName): (x: number) => number {
  return metric === 'perplexity' ? Math.exp : (x) => x;
}

function summary(metric: MetricName, { values, weights }: Contributions, options: Required<IntervalOptions>) {
  const mean = meanWithInterval(values, { ...options, ...(weights && { weights }) });
  const scale = scaleOf(metric);
  const scaled = (x: number | null) => (x === null ? null : scale(x));
  return { value: scaled(mean.value), low: scaled(mean.low), high: scaled(mean.high) };
}

/** Over the queries where both are defined. */
function difference(
  metric: MetricName,
  own: Contributions,
  other: Contributions,
  options: Required<IntervalOptions>,
): NonNullable<Cell['difference']> {
  const both = own.values
    .map((_, query) => query)
    .filter((query) => !Number.isNaN(own.values[query]! + other.values[query]!));
  if (both.length === 0) return { value: null, low: null, high: null };
  const scale = scaleOf(metric);
  if (own.weights === null || both.length < 2) {
    const { value, low, high } = meanWithInterval(
      both.map((query) => scale(own.values[query]!) - scale(other.values[query]!)),
      options,
    );
    return { value, low, high };
  }
  const mean = ({ values, weights }: Contributions, sample: Int32Array) => {
    let [sum, total] = [0, 0];
    for (const i of sample) {
      const query = both[i]!;
      sum += weights![query]! * values[query]!;
      total += weights![query]!;
    }
    return scale(sum / total);
  };
  return resampledInterval(both.length, (sample) => mean(own, sample) - mean(other, sample), options);
}

/**
 * V of a method, decomposed under 'none', or its index under 'tokens', self-normalised, from one evaluation and one comparison for
 * each seed; bounds and differences are means of those of the seeds.
 */
export function valueCell(
  column: 'value' | 'index',
  evaluations: readonly Evaluation[],
  { comparisons, method, baseline }: { comparisons: readonly Comparison[]; method: string; baseline: string | null },
): Cell {
  const own = evaluations.map(({ estimates }) => figureOf(column, estimates));
  const figure = (of: (each: ReturnType<typeof figureOf>) => number | null) => meanOf(own.map(of));
  const differences = comparisons.map(({ pairs }) => differenceOf(pairs, method, baseline));
  const part = (of: (each: Bounded) => number) => meanOf(differences.map((each) => (each === null ? null : of(each))));
  const compared = baseline !== null && baseline !== method && comparisons.length > 0;
  return {
    value: figure(({ value }) => value),
    low: figure(({ interval }) => interval?.low ?? null),
    high: figure(({ interval }) => interval?.high ?? null),
    difference: compared
      ? { value: part(({ value }) => value), low: part(({ low }) => low), high: part(({ high }) => high) }
      : null,
    seeds: own.map(({ value }) => value),
    verdict: worst(own.map(({ verdict }) => verdict)),
  };
}

interface Bounded {
  value: number;
  low: number;
  high: number;
}

function figureOf(column: 'value' | 'index', estimates: readonly Estimate[]) {
  const normalise = NORMALISE[column];
  const row = estimates.find((each) => each.estimator === 'decomposed' && each.normalise === normalise)!;
  const { value, interval, selfNormalised, selfNormalisedInterval, verdict } = row;
  return column === 'value'
    ? { value, interval, verdict }
    : { value: selfNormalised, interval: selfNormalisedInterval, verdict };
}

function differenceOf(pairs: Comparison['pairs'], method: string, baseline: string | null): Bounded | null {
  for (const { a, b, difference, interval } of pairs) {
    if (a === method && b === baseline) return { value: difference, ...interval };
    if (a === baseline && b === method) return { value: -difference, low: -interval.high, high: -interval.low };
  }
  return null;
}

/** The judge's win rate over the baseline. */
export function winRateCell(summaries: readonly JudgeSummary[]): Cell {
  const rates = summaries.map(({ winRate }) => winRate);
  return {
    value: meanOf(rates.map(({ value }) => value)),
    low: meanOf(rates.map(({ low }) => low)),
    high: meanOf(rates.map(({ high }) => high)),
    difference: null,
    seeds: rates.map(({ value }) => value),
    verdict: null,
  };
}

/** Null where one of them is. */
function meanOf(values: readonly (number | null)[]): number | null {
  if (values.includes(null)) return null;
  return values.reduce<number>((sum, value) => sum + value!, 0) / values.length;
}

function worst(verdicts: readonly NonNullable<Cell['verdict']>[]): Cell['verdict'] {
  return (['unreliable', 'caution', 'reliable'] as const).find((verdict) => verdicts.includes(verdict)) ?? null;
}

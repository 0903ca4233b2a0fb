import { Bootstrap, runInTurns } from './bootstrap.js';
import type { LogColumns } from './columns.js';
import { bcaInterval, percentileInterval } from './intervals/bootstrap-intervals.js';
import { indexClusters } from './intervals/clusters.js';
import { checkedSettings, QUERY_INTERVALS } from './intervals/settings.js';
import { studentTInterval } from './intervals/student-t.js';
import type { Interval, ResolvedOptions } from './result.js';
import type { Row } from './row.js';
import { type Statistic, standardError, sumOverClusters } from './statistic.js';

export interface IntervalsOptions {
  resolved: ResolvedOptions;
  signal: AbortSignal | undefined;
  onResample?: ((done: number) => void) | undefined;
}

/**
 * Gives the rows of one part of a log their intervals, all from the same resamples, so that rows can be compared. With
 * clusters the standard errors are made from clusters too. A part with fewer than two queries or clusters gets none.
 */
export async function fillIntervals(
  columns: LogColumns,
  rows: readonly Row[],
  options: IntervalsOptions,
): Promise<void> {
  const targets = rows.flatMap(({ estimate, statistics }) => {
    if (!statistics) return [];
    const { value, utility, diversity, selfNormalised } = statistics;
    return [
      { estimate, field: 'interval' as const, statistic: value },
      { estimate, field: 'utilityInterval' as const, statistic: utility },
      { estimate, field: 'diversityInterval' as const, statistic: diversity },
      ...(selfNormalised ? [{ estimate, field: 'selfNormalisedInterval' as const, statistic: selfNormalised }] : []),
    ];
  });
  const statistics = targets.map(({ statistic }) => statistic);
  for (const [s, { interval, standardError: error }] of (await intervalsOf(columns, statistics, options)).entries()) {
    const { estimate, field } = targets[s]!;
    estimate[field] = interval;
    if (field === 'interval') estimate.standardError = error;
  }
}

/**
 * The interval and standard error of each statistic of a log, whose entries are its queries; nothing where fewer than two queries or
 * clusters are.
 */
export async function intervalsOf(
  columns: LogColumns,
  perQuery: readonly Statistic[],
  { resolved, signal, onResample }: IntervalsOptions,
): Promise<{ interval: Interval; standardError: number | null }[]> {
  const { clusters } = columns;
  const units = clusters ? new Set(clusters).size : columns.queryIds.length;
  if (units < 2) return [];
  const dense = clusters && indexClusters(clusters).index;
  const summed = new Map<Float64Array, Float64Array>();
  const statistics = perQuery.map((one) => (dense ? sumOverClusters(one, dense, units, summed) : one));
  const settings = checkedSettings(resolved.interval, { ...resolved, side: 'two' }, QUERY_INTERVALS);
  const bootstrap = settings.method === 't' ? null : new Bootstrap(statistics, units, settings);
  if (bootstrap) await runInTurns(bootstrap, settings.resamples, signal, onResample);
  return statistics.map((statistic, s) => {
    const error = standardError(statistic);
    const replicates = bootstrap?.replicates[s];
    const bounds = !replicates
      ? studentTInterval(statistic, settings)
      : settings.method === 'bootstrap-bca'
        ? bcaInterval(statistic, replicates, settings)
        : percentileInterval(replicates, settings);
    return { interval: asInterval(bounds, resolved), standardError: Number.isFinite(error) ? error : null };
  });
}

function asInterval(
  { low, high }: { low: number; high: number },
  { interval: method, alpha }: ResolvedOptions,
): Interval {
  return Number.isFinite(low) && Number.isFinite(high) ? { method, low, high, alpha } : null;
}

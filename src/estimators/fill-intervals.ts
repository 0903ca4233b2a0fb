import { Bootstrap, runInTurns } from './bootstrap.js';
import type { LogColumns } from './columns.js';
import { bcaInterval, percentileInterval } from './intervals/bootstrap-intervals.js';
import { indexClusters } from './intervals/clusters.js';
import { checkedSettings, QUERY_INTERVALS } from './intervals/settings.js';
import { studentTInterval } from './intervals/student-t.js';
import type { Estimate, Interval, ResolvedOptions } from './result.js';
import type { Row } from './row.js';
import { type Statistic, standardError, sumOverClusters } from './statistic.js';

export interface FillOptions {
  resolved: ResolvedOptions;
  signal: AbortSignal | undefined;
  onResample?: ((done: number) => void) | undefined;
}

/**
 * Gives the rows of one part of a log their intervals, all from the same resamples, so that rows can be compared. With
 * clusters the standard errors are made from clusters too. A part with fewer than two queries or clusters gets none.
 */
export async function fillIntervals(columns: LogColumns, rows: readonly Row[], options: FillOptions): Promise<void> {
  const { resolved, signal, onResample } = options;
  const { clusters } = columns;
  const units = clusters ? new Set(clusters).size : columns.queryIds.length;
  if (units < 2) return;
  const dense = clusters && indexClusters(clusters).index;
  const summed = new Map<Float64Array, Float64Array>();
  const unitsOf = (statistic: Statistic) => (dense ? sumOverClusters(statistic, dense, units, summed) : statistic);
  const targets = rows.flatMap(({ estimate, statistics }) => {
    if (!statistics) return [];
    const value = unitsOf(statistics.value);
    const error = standardError(value);
    estimate.standardError = Number.isFinite(error) ? error : null;
    return [
      { estimate, field: 'interval' as const, statistic: value },
      { estimate, field: 'utilityInterval' as const, statistic: unitsOf(statistics.utility) },
      { estimate, field: 'diversityInterval' as const, statistic: unitsOf(statistics.diversity) },
      ...(statistics.selfNormalised
        ? [{ estimate, field: 'selfNormalisedInterval' as const, statistic: unitsOf(statistics.selfNormalised) }]
        : []),
    ];
  });
  const settings = checkedSettings(resolved.interval, { ...resolved, side: 'two' }, QUERY_INTERVALS);
  if (settings.method === 't') {
    for (const { estimate, field, statistic } of targets) {
      assign(estimate, field, studentTInterval(statistic, settings), resolved);
    }
    return;
  }
  const statistics = targets.map(({ statistic }) => statistic);
  const bootstrap = new Bootstrap(statistics, units, settings);
  await runInTurns(bootstrap, settings.resamples, signal, onResample);
  for (const [s, { estimate, field, statistic }] of targets.entries()) {
    const replicates = bootstrap.replicates[s]!;
    const bounds =
      settings.method === 'bootstrap-bca'
        ? bcaInterval(statistic, replicates, settings)
        : percentileInterval(replicates, settings);
    assign(estimate, field, bounds, resolved);
  }
}

function assign(
  estimate: Estimate,
  field: 'interval' | 'utilityInterval' | 'diversityInterval' | 'selfNormalisedInterval',
  { low, high }: { low: number; high: number },
  { interval, alpha }: ResolvedOptions,
): void {
  const finite = Number.isFinite(low) && Number.isFinite(high);
  const result: Interval = finite ? { method: interval, low, high, alpha } : null;
  estimate[field] = result;
}

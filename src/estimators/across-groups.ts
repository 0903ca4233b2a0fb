import { Bootstrap, runInTurns } from './bootstrap.js';
import { percentileInterval } from './intervals/bootstrap-intervals.js';
import { indexClusters } from './intervals/clusters.js';
import { checkedSettings, QUERY_INTERVALS } from './intervals/settings.js';
import { criticalValue } from './max-t.js';
import type { AcrossGroups, Estimate, Interval, ResolvedOptions } from './result.js';
import { type Statistic, scaledBy, standardError, statisticValue, sumOf, sumOverClusters } from './statistic.js';

/** The statistic of one group, on the whole log: entries of queries that are not in the group are 0. */
export interface GroupStatistic {
  group: string;
  share: number;
  statistic: Statistic;
}

export interface AcrossOptions {
  /** Of the row that the groups are compared by. */
  row: Pick<Estimate, 'estimator' | 'normalise' | 'estimand'>;
  queries: number;
  /** Of the whole log. */
  clusters: Int32Array | null;
  resolved: ResolvedOptions;
  signal: AbortSignal | undefined;
}

/**
 * Groups side by side (docs/theory.md section 7), all from the same resamples of the whole log:
 *
 * - simultaneous intervals: value_g +- c se_g with c the 1 - alpha quantile over resamples of max_g |value*_g - value_g| / se_g
 *   (max-T; Romano & Wolf, Econometrica 2005), so that all hold at once with probability 1 - alpha;
 * - the worst group, and the maximin value min_g value_g, between the least of their lower and the least of their upper bounds;
 * - the share-weighted value sum_g share_g value_g, with a percentile interval of its own.
 *
 * Null where a group has no value or no spread can be known (fewer than 2 units).
 */
export async function acrossGroups(
  groups: readonly GroupStatistic[],
  options: AcrossOptions,
): Promise<AcrossGroups | null> {
  const { row, resolved, signal } = options;
  const dense = options.clusters && indexClusters(options.clusters);
  const units = dense?.count ?? options.queries;
  const unitsOf = (statistic: Statistic) => (dense ? sumOverClusters(statistic, dense.index, units) : statistic);
  const statistics = groups.map(({ statistic }) => unitsOf(statistic));
  const values = statistics.map(statisticValue);
  const errors = statistics.map(standardError);
  if (groups.length === 0 || units < 2 || ![...values, ...errors].every(Number.isFinite)) return null;
  const total = groups.reduce((sum, { share }) => sum + share, 0);
  const weighted = groups.map(({ share }, g) => scaledBy(statistics[g]!, share / total)).reduce(sumOf);
  const settings = checkedSettings('bootstrap-percentile', { ...resolved, side: 'two' }, QUERY_INTERVALS);
  const all = [...statistics, weighted];
  const bootstrap = new Bootstrap(all, units, settings);
  await runInTurns(bootstrap, settings.resamples, signal);
  const critical = criticalValue(bootstrap.replicates.slice(0, -1), values, errors, settings.alpha);
  const intervalOf = (low: number, high: number, method: string): Interval => ({
    method,
    low,
    high,
    alpha: resolved.alpha,
  });
  const simultaneous = values.map((value, g) => {
    return { low: value - critical * errors[g]!, high: value + critical * errors[g]! };
  });
  const worst = values.indexOf(Math.min(...values));
  const least = (bound: 'low' | 'high') => Math.min(...simultaneous.map((bounds) => bounds[bound]));
  const share = percentileInterval(bootstrap.replicates.at(-1)!, settings);
  const valued = groups.map(({ group, share }, g) => ({
    group,
    share: share / total,
    value: values[g]!,
    interval: intervalOf(simultaneous[g]!.low, simultaneous[g]!.high, 'max-t'),
  }));
  return {
    ...row,
    groups: valued,
    worst: { group: valued[worst]!.group, value: valued[worst]!.value, interval: valued[worst]!.interval },
    maximin: { value: values[worst]!, interval: intervalOf(least('low'), least('high'), 'max-t') },
    shareWeighted: {
      value: statisticValue(weighted),
      interval: intervalOf(share.low, share.high, 'bootstrap-percentile'),
    },
  };
}

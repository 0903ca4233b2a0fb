import { requireInput, requirePositiveInteger } from './checks.js';

/**
 * Contributions whose mean is a metric of all responses together, such as Distinct-n or Self-BLEU over a whole log, for
 * `metricInterval`. Those metrics are not means over queries, and recomputing them on resamples would be wrong: a query
 * drawn twice brings no new n-gram, and a copy of each of its texts. So queries are left out instead, one of G groups
 * at a time, with theta_(g) the metric of the rest:
 *
 *     contribution_g = theta + (G - 1) (mean_h theta_(h) - theta_(g))
 *
 * which are the jackknife's pseudo-values (Tukey 1958), centred. `slates` holds the texts of each query; query i is in group
 * i mod G. The metric is computed G + 1 times. Returns [G].
 * @throws UsageError METRIC_INPUT for fewer than two queries; METRIC_OPTION
 */
export function pooledContributions(
  slates: readonly (readonly string[])[],
  metric: (texts: readonly string[]) => number,
  { groups = 50 }: { groups?: number | undefined } = {},
): Float64Array {
  requireInput(slates.length >= 2, `A metric over queries needs at least two queries, got ${slates.length}.`);
  requirePositiveInteger('groups', groups - 1);
  const count = Math.min(groups, slates.length);
  const value = metric(slates.flat());
  const without = Float64Array.from({ length: count }, (_, group) =>
    metric(slates.filter((_, query) => query % count !== group).flat()),
  );
  const mean = without.reduce((sum, rest) => sum + rest, 0) / count;
  return without.map((rest) => value + (count - 1) * (mean - rest));
}

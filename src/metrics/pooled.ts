import { requireInput, requirePositiveInteger } from './checks.js';

/** Texts of all queries in one list, and the group that each text's query belongs to: query i to group i mod G. */
export interface GroupedTexts {
  texts: string[];
  /** [texts]. */
  groupOf: Int32Array;
  /** G. */
  groups: number;
}

/** A metric of all texts together, and of what is left without each group. */
export interface LeftOut {
  value: number;
  /** [G]. */
  without: Float64Array;
}

/** How queries are grouped for the interval of a metric of all texts together. */
export interface PooledOptions {
  /** Groups of queries that are left out one at a time; default 50, at most the number of queries. */
  groups?: number | undefined;
}

/**
 * Contributions whose mean is a metric of all responses together, such as Distinct-n or Self-BLEU over a whole log, for
 * `metricInterval`. Those metrics are not means over queries, and recomputing them on resamples would be wrong: a query
 * drawn twice brings no new n-gram, and a copy of each of its texts. So queries are left out instead, one of G groups
 * at a time, with theta_(g) the metric of the rest:
 *
 *     contribution_g = theta + (G - 1) (mean_h theta_(h) - theta_(g))
 *
 * which are the jackknife's pseudo-values (Tukey 1958), centred. `slates` holds the texts of each query. The metric is
 * computed G + 1 times; `distinctContributions` and `selfBleuContributions` get the same from one pass. Returns [G].
 * @throws UsageError METRIC_INPUT for fewer than two queries; METRIC_OPTION
 */
export function pooledContributions(
  slates: readonly (readonly string[])[],
  metric: (texts: readonly string[]) => number,
  options?: PooledOptions,
): Float64Array {
  const { texts, groupOf, groups } = groupTexts(slates, options);
  const without = (group: number) => metric(texts.filter((_, text) => groupOf[text] !== group));
  return centredPseudoValues({
    value: metric(texts),
    without: Float64Array.from({ length: groups }, (_, group) => without(group)),
  });
}

/** @throws UsageError METRIC_INPUT for fewer than two queries; METRIC_OPTION */
export function groupTexts(slates: readonly (readonly string[])[], { groups = 50 }: PooledOptions = {}): GroupedTexts {
  requireInput(slates.length >= 2, `A metric over queries needs at least two queries, got ${slates.length}.`);
  requirePositiveInteger('groups', groups - 1);
  const count = Math.min(groups, slates.length);
  const groupOf = Int32Array.from(slates.flatMap((own, query) => own.map(() => query % count)));
  return { texts: slates.flat(), groupOf, groups: count };
}

/** The formula of `pooledContributions`. */
export function centredPseudoValues({ value, without }: LeftOut): Float64Array {
  const mean = without.reduce((sum, rest) => sum + rest, 0) / without.length;
  return without.map((rest) => value + (without.length - 1) * (mean - rest));
}

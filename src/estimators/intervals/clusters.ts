import { UsageError } from '../../errors.js';
import { type Statistic, sumOverClusters } from '../statistic.js';

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

/** The statistic with one entry per cluster. @throws UsageError INTERVAL_NEEDS unless there is one cluster per query */
export function clustered(statistic: Statistic, clusters: ArrayLike<string | number> | undefined): Statistic {
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

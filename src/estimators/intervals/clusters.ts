import { UsageError } from '../../errors.js';
import { GrowingColumn } from '../growing-column.js';
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

/** Numbers the cluster of each query while a log is read; a query without one is its own. */
export class ClusterIndex {
  readonly #numbers = new Map<string, number>();
  readonly #index = new GrowingColumn(Int32Array);
  #count = 0;

  add(cluster: string | undefined): void {
    const known = cluster === undefined ? undefined : this.#numbers.get(cluster);
    if (cluster !== undefined && known === undefined) this.#numbers.set(cluster, this.#count);
    this.#index.push(known ?? this.#count++);
  }

  /** The number of each query's cluster, in order of appearance; null where no query has one. */
  result(): Int32Array | null {
    return this.#numbers.size === 0 ? null : this.#index.values;
  }
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

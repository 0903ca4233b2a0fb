/** What a metric is the weighted mean of (for `perplexity`, the logarithm of the metric): two policies on the same queries compare by it. */
export interface Contributions {
  /** Of each query, NaN where it is not defined; for metrics of all texts together, of each group of queries (`pooledContributions`). */
  values: readonly number[];
  /** Null: all alike. */
  weights: readonly number[] | null;
}

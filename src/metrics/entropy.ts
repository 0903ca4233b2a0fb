import { requireOption } from './checks.js';
import { proportions } from './proportions.js';

/**
 * Shannon entropy -sum_j f_j ln f_j of the shares f of counts, in nats. Counts that are all 0 have no shares: NaN.
 * @throws UsageError METRIC_INPUT for counts that are negative, not finite or missing
 */
export function entropy(counts: ArrayLike<number>): number {
  const shares = proportions(counts);
  if (shares.every((share) => share === 0)) return Number.NaN;
  return shares.reduce((sum, share) => (share === 0 ? sum : sum - share * Math.log(share)), 0);
}

/** What the entropy is divided by. */
export interface NormalizedEntropyOptions {
  /** Divide by the log of the number of all categories (default), or of those that occur. */
  over?: 'categories' | 'occurring' | undefined;
}

/**
 * entropy / ln(categories), in [0, 1]: 1 where all are equally frequent. One category can be neither even nor uneven: NaN.
 * @throws UsageError METRIC_INPUT as `entropy`; METRIC_OPTION
 */
export function normalizedEntropy(
  counts: ArrayLike<number>,
  { over = 'categories' }: NormalizedEntropyOptions = {},
): number {
  requireOption('over', over === 'categories' || over === 'occurring', over, 'categories or occurring');
  const nats = entropy(counts);
  const categories = over === 'categories' ? counts.length : Array.from(counts).filter((count) => count > 0).length;
  return categories < 2 ? Number.NaN : Math.min(1, nats / Math.log(categories));
}

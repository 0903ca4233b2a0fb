import { requireInput } from './checks.js';
import { proportions } from './proportions.js';

/**
 * Total variation distance of two histograms over the same categories, in [0, 1]: 1/2 sum_j |p_j - q_j|. Each is divided by
 * its sum first. A histogram of zeros (responses that reach no reference) has nothing in common with any other: 1;
 * two of them are the same: 0.
 *
 * Source: docs/theory.md section 8.
 * @throws UsageError METRIC_INPUT for different lengths, and for negative or non-finite numbers
 */
export function totalVariation(p: ArrayLike<number>, q: ArrayLike<number>): number {
  return distance(p, q, (a, b) => a.reduce((sum, share, j) => sum + Math.abs(share - b[j]!), 0) / 2);
}

/**
 * Jensen-Shannon distance, in [0, 1]: sqrt((KL(p || r) + KL(q || r)) / 2), r = (p + q) / 2, logarithms to base 2 (times
 * sqrt(ln 2) it is the one in nats). A metric. Histograms as in `totalVariation`.
 *
 * Source: Lin 1991; Endres and Schindelin 2003; docs/theory.md section 8.
 * @throws UsageError METRIC_INPUT as `totalVariation`
 */
export function jensenShannonDistance(p: ArrayLike<number>, q: ArrayLike<number>): number {
  return distance(p, q, (a, b) => {
    const divergence = a.reduce((sum, share, j) => {
      const mean = (share + b[j]!) / 2;
      return sum + (relativeEntropy(share, mean) + relativeEntropy(b[j]!, mean));
    }, 0);
    return Math.sqrt(Math.max(divergence / 2, 0));
  });
}

function distance(
  p: ArrayLike<number>,
  q: ArrayLike<number>,
  between: (a: Float64Array, b: Float64Array) => number,
): number {
  requireInput(p.length === q.length, `A distance needs histograms of one length, got ${p.length} and ${q.length}.`);
  const [a, b] = [proportions(p), proportions(q)];
  const [emptyA, emptyB] = [a, b].map((shares) => shares.every((share) => share === 0));
  if (emptyA || emptyB) return emptyA && emptyB ? 0 : 1;
  return Math.min(between(a, b), 1);
}

/** p log2(p / r), 0 at p = 0. */
function relativeEntropy(p: number, r: number): number {
  return p === 0 ? 0 : p * Math.log2(p / r);
}

import { scaledVoteShares, weightedSum } from './reference-weights.js';
import { type Similarity, similarityRows } from './similarity.js';

/**
 * Helpfulness, in [0, 1]: the mean over generated responses of sum_j w_j sim(g, h_j), with w the votes min-max scaled and
 * divided by their sum. `votes` [m] may be negative; equal votes (one reference among them): equal weights.
 *
 * Source: equation 26, docs/theory.md section 8.
 * @throws UsageError METRIC_INPUT
 */
export function helpfulness(similarity: Similarity, votes: ArrayLike<number>): number {
  const weights = scaledVoteShares(votes, similarity.m);
  const rows = similarityRows(similarity);
  return rows.reduce((sum, row) => sum + weightedSum(row, weights), 0) / rows.length;
}

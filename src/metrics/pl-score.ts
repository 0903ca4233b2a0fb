import { requireOption } from './checks.js';
import { voteShares, weightedSum } from './reference-weights.js';
import { type Similarity, similarityRows } from './similarity.js';

/**
 * PL-Score, in [0, 1]: how near the generated responses are to the references, each as its share p_j of the votes,
 *
 *     s_i = sum_j p_j sim(g_i, h_j);   PL-Score = mean_i s_i, or max_i s_i
 *
 * Of `votes` [m] negative ones count as 0; nobody voted: 1/M each. Source: equations 20 and 21, docs/theory.md section 8.
 * @throws UsageError METRIC_INPUT, METRIC_OPTION
 */
export function plScore(
  similarity: Similarity,
  votes: ArrayLike<number>,
  { aggregate = 'mean' }: { aggregate?: 'mean' | 'max' | undefined } = {},
): number {
  requireOption('aggregate', aggregate === 'mean' || aggregate === 'max', aggregate, 'mean or max');
  const shares = voteShares(votes, similarity.m);
  const scores = similarityRows(similarity).map((row) => weightedSum(row, shares));
  if (aggregate === 'max') return scores.reduce((best, score) => Math.max(best, score), 0);
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

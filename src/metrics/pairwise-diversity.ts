import { requireInput } from './checks.js';
import { type Similarity, similarityRows } from './similarity.js';

/**
 * Diversity of one slate, in [0, 1]: 1 - mean over pairs i < j of sim(g_i, g_j); a single response: 0. `similarity` is
 * [n][n], of the generated responses among themselves; only what is above its diagonal is read.
 *
 * Source: equation 25, reconstructed; docs/theory.md section 8.
 * @throws UsageError METRIC_INPUT
 */
export function pairwiseDiversity(similarity: Similarity): number {
  const { n, m } = similarity;
  requireInput(n === m, `Diversity: expected similarities of the responses among themselves, got n = ${n}, m = ${m}.`);
  const rows = similarityRows(similarity);
  if (n === 1) return 0;
  let sum = 0;
  for (const [i, row] of rows.entries()) {
    for (let j = i + 1; j < n; j++) sum += row[j]!;
  }
  return 1 - sum / ((n * (n - 1)) / 2);
}

import { requireInput } from './checks.js';
import { type Similarity, similarityRows } from './similarity.js';

/**
 * Relevance, in [0, 1]: the mean similarity of the generated responses to their query, which is the one reference (m = 1).
 *
 * Source: equation 27, reconstructed; docs/theory.md section 8.
 * @throws UsageError METRIC_INPUT
 */
export function relevance(similarity: Similarity): number {
  requireInput(similarity.m === 1, `Relevance: expected the query as the only reference, got m = ${similarity.m}.`);
  const rows = similarityRows(similarity);
  return rows.reduce((sum, row) => sum + row[0]!, 0) / rows.length;
}

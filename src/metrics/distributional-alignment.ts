import { requireOption } from './checks.js';
import { normalizedEntropy } from './entropy.js';
import { type Similarity, similarityRows } from './similarity.js';

/** How responses are shared out among references (equation 24). */
export interface AlignmentOptions {
  /** How a response is assigned to references: to the nearest (default), or to all by a softmax. */
  mode?: 'nearest' | 'softmax' | undefined;
  /** 'nearest': a response less similar to every reference is left out; default 0.5. */
  threshold?: number | undefined;
  /** 'softmax': divides the similarities; above 0, default 0.5. */
  temperature?: number | undefined;
}

/**
 * Distributional Alignment, in [0, 1]: the entropy of the shares q_j that references have in the generated responses,
 * divided by log M. It asks whether references are used evenly, not whether q is like the votes: read total variation
 * beside it. No response reaches a reference: 0; otherwise a single reference: 1.
 *
 * Source: equations 23 and 24; docs/theory.md section 8.
 * @throws UsageError METRIC_INPUT, METRIC_OPTION
 */
export function distributionalAlignment(similarity: Similarity, options: AlignmentOptions = {}): number {
  const shares = referenceShares(similarity, options);
  if (shares.every((share) => share === 0)) return 0;
  return similarity.m === 1 ? 1 : normalizedEntropy(shares);
}

/**
 * q [m]: what share of the generated responses falls to each reference. 'nearest': of the responses that reach one, equally
 * near references sharing a response; all 0 where none reaches any. 'softmax': the mean over responses of
 * softmax_j(sim(g_i, h_j) / temperature).
 * @throws UsageError METRIC_INPUT, METRIC_OPTION
 */
export function referenceShares(
  similarity: Similarity,
  { mode = 'nearest', threshold = 0.5, temperature = 0.5 }: AlignmentOptions = {},
): Float64Array {
  requireOption('mode', mode === 'nearest' || mode === 'softmax', mode, 'nearest or softmax');
  requireOption('threshold', threshold >= 0 && threshold <= 1, threshold, 'a similarity from 0 to 1');
  requireOption('temperature', temperature > 0 && temperature < Infinity, temperature, 'a number above 0');
  const assign = mode === 'nearest' ? nearest(Math.fround(threshold)) : softmax(temperature);
  const assigned = similarityRows(similarity).flatMap((row) => assign(row) ?? []);
  return Float64Array.from(
    { length: similarity.m },
    (_, j) => assigned.reduce((sum, shares) => sum + shares[j]!, 0) / Math.max(assigned.length, 1),
  );
}

/** One response's shares of the references [m], or null when it belongs to none. */
type Assignment = (row: Float32Array) => Float64Array | null;

function nearest(threshold: number): Assignment {
  return (row) => {
    const best = row.reduce((most, value) => Math.max(most, value), 0);
    if (best < threshold) return null;
    const ties = row.filter((value) => value === best).length;
    return Float64Array.from(row, (value) => (value === best ? 1 / ties : 0));
  };
}

function softmax(temperature: number): Assignment {
  return (row) => {
    const best = row.reduce((most, value) => Math.max(most, value), 0);
    const terms = Float64Array.from(row, (value) => Math.exp((value - best) / temperature));
    const total = terms.reduce((sum, term) => sum + term, 0);
    return terms.map((term) => term / total);
  };
}

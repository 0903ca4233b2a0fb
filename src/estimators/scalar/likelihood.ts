import { UsageError } from '../../errors.js';
import { likelihoodDual } from '../intervals/empirical-likelihood.js';
import { sum } from '../sum.js';

/**
 * Estimates of E[w r] that know E[w] = 1 (Karampatziakis, Langford & Mineiro, "Empirical likelihood for contextual bandits",
 * NeurIPS 2020): events get probabilities q under which the mean weight is 1, and
 *     value = sum_i q_i w_i r_i + max(0, 1 - sum_i q_i w_i) mean(r),
 * the second term for weight that no event of the log carries. `weightRange` is that of possible weights.
 */
export const likelihoods = {
  /** The most likely distribution: q_i = 1 / (n + beta (w_i - 1)). */
  'empirical-likelihood': (weights: Float64Array, weightRange: readonly [number, number]): Float64Array => {
    const beta = likelihoodDual({ weights, weightRange, dropped: 0 });
    return weights.map((w) => 1 / (weights.length + beta * (w - 1)));
  },

  /**
   * The one closest in Cressie-Read divergence of power -2, in closed form: q_i = -(gamma + beta w_i) / (n + 1). One unseen event has the
   * largest possible weight if the mean of the others is below 1, else the smallest.
   */
  'cressie-read': (weights: Float64Array, [smallest, largest]: readonly [number, number]): Float64Array => {
    const n = weights.length;
    const total = sum(weights);
    const unseen = total < n ? largest : smallest;
    if (unseen === Infinity) return weights.map(() => 1 / n);
    const mean = (total + unseen) / (n + 1);
    const variance = (sum(weights.map((w) => (w - mean) ** 2)) + (unseen - mean) ** 2) / (n + 1);
    return weights.map((w) => (1 + ((1 - mean) * (w - mean)) / variance) / (n + 1));
  },
};

export type LikelihoodName = keyof typeof likelihoods;

/** x_i with mean the value: n q_i w_i r_i + max(0, 1 - sum q w) r_i. @throws UsageError ESTIMATE_OPTION */
export function likelihoodContributions(
  name: LikelihoodName,
  weights: Float64Array,
  rewards: Float64Array,
  weightRange: readonly [number, number] = [0, Infinity],
): Float64Array {
  if (!(weightRange[0] >= 0 && weightRange[0] < 1 && weightRange[1] > 1)) {
    const came = `[${weightRange.join(', ')}]`;
    throw new UsageError(
      'ESTIMATE_OPTION',
      `Option weightRange must be [low, high] around 1, low at least 0; got ${came}.`,
    );
  }
  const smallest = weights.reduce((a, b) => Math.min(a, b), weightRange[0]);
  const largest = weights.reduce((a, b) => Math.max(a, b), weightRange[1]);
  const shares = likelihoods[name](weights, [smallest, largest]).map((q, i) => q * weights[i]!);
  const missing = Math.max(0, 1 - sum(shares));
  return shares.map((share, i) => (weights.length * share + missing) * rewards[i]!);
}

import { sum } from '../sum.js';

/**
 * How far transformed weights h may move a value from what the importance weights w give (Su, Dimakopoulou, Krishnamurthy & Dudik,
 * "Doubly robust off-policy evaluation with shrinkage", ICML 2020):
 *     |mean((w - h) e)|,   e the rewards, or their residuals to a model
 * and, with delta, an upper bound of it that fails with probability delta where |e| <= 1:
 *     ... + sqrt(2 mean(w^2) ln(2/delta) / n) + 2 max(w) ln(2/delta) / (3n)
 */
export function biasOfTransform(
  weights: Float64Array,
  transformed: Float64Array,
  residuals: Float64Array,
  delta?: number,
): number {
  const n = weights.length;
  const bias = Math.abs(sum(weights.map((w, i) => (w - transformed[i]!) * residuals[i]!)) / n);
  if (delta === undefined) return bias;
  const log = Math.log(2 / delta);
  const secondMoment = sum(weights.map((w) => w * w)) / n;
  const largest = weights.reduce((a, b) => Math.max(a, b), 0);
  return bias + Math.sqrt((2 * secondMoment * log) / n) + (2 * largest * log) / (3 * n);
}

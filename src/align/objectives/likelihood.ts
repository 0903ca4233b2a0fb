import type { Batch, ObjectiveGradient } from './batch.js';
import { slatesOf } from './batch.js';

/**
 * Weighted likelihood: J = sum_ik omega_i w_ik L_ik / T, with T the tokens of the responses that weigh something and the
 * omega scaled to mean 1 (docs/theory.md section 5). Supervised fine-tuning and the opinion-weighted likelihood differ
 * only in their weights, which are those of the log and do not follow the model.
 */
export function likelihood(batch: Batch): ObjectiveGradient {
  const { likelihoodWeight, targetLogProb, targetTokens, offsets } = batch;
  const slates = offsets.length - 1;
  const tokens = likelihoodWeight.reduce((sum, weight, k) => sum + (weight > 0 ? targetTokens[k]! : 0), 0);
  const coefficients = new Float64Array(likelihoodWeight.length);
  let value = 0;
  for (const { first, last, share } of slatesOf(batch)) {
    for (let k = first; k < last; k++) {
      if (likelihoodWeight[k] === 0) continue;
      coefficients[k] = (share * slates * likelihoodWeight[k]!) / tokens;
      value += coefficients[k]! * targetLogProb[k]!;
    }
  }
  return { value, coefficients, entropyCoefficients: null, silentSlates: 0 };
}

/** 1 on the response that people liked best, the first of several. */
export function topWeights(rewards: Float64Array): Float64Array {
  const weights = new Float64Array(rewards.length);
  weights[indexOfLargest(rewards)] = 1;
  return weights;
}

/** 1 on every response. */
export function equalWeights(rewards: Float64Array): Float64Array {
  return new Float64Array(rewards.length).fill(1);
}

/** r_k^power / sum_j r_j^power: the baseline that any importance weight has to beat. */
export function rewardWeights(rewards: Float64Array, power: number): Float64Array {
  const largest = rewards[indexOfLargest(rewards)]!;
  if (largest === 0) return new Float64Array(rewards.length);
  // Relative to the largest first, so that a high power of small shares does not underflow.
  const powers = rewards.map((reward) => (reward / largest) ** power);
  const total = powers.reduce((sum, weight) => sum + weight, 0);
  return powers.map((weight) => weight / total);
}

function indexOfLargest(values: Float64Array): number {
  return values.reduce((best, value, k) => (value > values[best]! ? k : best), 0);
}

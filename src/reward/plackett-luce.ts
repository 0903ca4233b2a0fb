/**
 * Worths under the Plackett-Luce model, P(choose k from R) = w_k / sum_{j in R} w_j, by maximum a posteriori under an
 * independent Gamma(1 + a, a) prior on each worth, whose mode is 1; two responses make it the Bradley-Terry model. Ties by
 * Breslow: D chosen together from R have probability prod_{k in D} w_k / (sum_{j in R} w_j)^|D|. The prior keeps worths
 * finite where people agree, which the maximum of the likelihood does not: it does not exist for a single ranking.
 *
 * Source: Hunter 2004, "MM algorithms for generalized Bradley-Terry models"; Caron and Doucet 2012, "Efficient Bayesian
 * inference for generalized Bradley-Terry models", for the prior (docs/theory.md section 1).
 */
import { PopeError } from '../errors.js';
import type { Choice } from './choices.js';

export const PRIOR_STRENGTH = 0.1;

/** Relative change of the worths at which the iteration ends. */
const TOLERANCE = 1e-12;

/** Twenty times what a thousand unanimous judges need; only a defect gets here. */
const MAX_STEPS = 1_000_000;

/**
 * The worths divided by the largest, [k], each in (0, 1].
 *
 * MM step: w_k <- (a + wins_k) / (a + sum over choices with k in R of |D| / sum_{j in R} w_j). The likelihood does not see
 * a common factor of the worths, and the prior is best served by a mean of 1, so each step is scaled to that: without it
 * the factor alone would take most of the iterations.
 */
export function plackettLuceWorths(k: number, choices: readonly Choice[], a: number = PRIOR_STRENGTH): Float64Array {
  const wins = new Float64Array(k);
  for (const { chosen } of choices) for (const index of chosen) wins[index]!++;
  let worths = new Float64Array(k).fill(1);
  let change = Number.POSITIVE_INFINITY;
  for (let step = 0; change > TOLERANCE; step++) {
    if (step === MAX_STEPS)
      throw new PopeError('REWARD_NOT_CONVERGED', `Plackett-Luce: no fixed point in ${step} steps`);
    const exposure = new Float64Array(k).fill(a);
    for (const { chosen, from } of choices) {
      const rate = chosen.length / from.reduce((sum, index) => sum + worths[index]!, 0);
      for (const index of from) exposure[index]! += rate;
    }
    const next = wins.map((count, index) => (a + count) / exposure[index]!);
    const mean = next.reduce((sum, worth) => sum + worth, 0) / k;
    for (const index of next.keys()) next[index]! /= mean;
    change = next.reduce((most, worth, index) => Math.max(most, Math.abs(worth / worths[index]! - 1)), 0);
    worths = next;
  }
  const largest = worths.reduce((most, worth) => Math.max(most, worth), 0);
  return worths.map((worth) => worth / largest);
}

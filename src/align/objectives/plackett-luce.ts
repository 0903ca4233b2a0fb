import { rankingChoices } from '../../reward/choices.js';
import type { Batch, ObjectiveGradient } from './batch.js';
import { slatesOf } from './batch.js';

/**
 * Listwise training: J = mean over slates of the Plackett-Luce log-likelihood of the human ranking under the scores
 * s_k = beta (L_k - L0_k), with L0 the reference's,
 *
 *     log p = sum over choices (D of R) [ sum_{k in D} s_k - |D| log sum_{j in R} exp s_j ]
 *     dlog p / ds_k = sum over choices with k in R of [ 1(k in D) - |D| exp(s_k) / sum_{j in R} exp s_j ]
 *
 * Responses of equal reward are chosen together (Breslow's rule, as in the rewards); a slate whose responses all tie is
 * silent. With two responses it is DPO.
 */
export function plackettLuce(batch: Batch, beta: number): ObjectiveGradient {
  const { reward, targetLogProb, referenceLogProb } = batch;
  const scores = targetLogProb.map((logProb, k) => beta * (logProb - referenceLogProb[k]!));
  const rankings = [...slatesOf(batch)].map(({ first, last, share }) => {
    const places = Array.from({ length: last - first }, (_, k) => ({
      index: first + k,
      position: -reward[first + k]!,
    }));
    return { choices: rankingChoices(places), share };
  });
  const preferring = rankings.filter(({ choices }) => choices.some(({ chosen, from }) => chosen.length < from.length));
  const shares = preferring.reduce((sum, { share }) => sum + share, 0);
  const coefficients = new Float64Array(reward.length);
  let value = 0;
  for (const { choices, share } of preferring) {
    for (const { chosen, from } of choices) {
      const normaliser = logSumExp(from.map((k) => scores[k]!));
      for (const k of from)
        coefficients[k]! -= (share / shares) * beta * chosen.length * Math.exp(scores[k]! - normaliser);
      for (const k of chosen) {
        coefficients[k]! += (share / shares) * beta;
        value += (share / shares) * (scores[k]! - normaliser);
      }
    }
  }
  return { value, coefficients, entropyCoefficients: null, silentSlates: rankings.length - preferring.length };
}

function logSumExp(values: readonly number[]): number {
  const largest = Math.max(...values);
  return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}

import type { Batch, ObjectiveGradient } from './batch.js';
import { slatesOf } from './batch.js';

/**
 * Direct preference optimisation on the best and the worst response of each slate: J = mean of log sigmoid(m) over slates,
 * m = beta [(L_w - L0_w) - (L_l - L0_l)], so c_w = beta sigmoid(-m) omega / sum omega and c_l = -c_w. L0 is the
 * reference's, not the logging policy's. The best is the first of several, the worst the last of several; a slate whose
 * responses all tie is silent.
 *
 * Source: Rafailov et al. 2023, "Direct preference optimization: your language model is secretly a reward model".
 */
export function dpo(batch: Batch, beta: number): ObjectiveGradient {
  const { reward, targetLogProb, referenceLogProb } = batch;
  const pairs = [...slatesOf(batch)].map(({ first, last, share }) => {
    let winner = first;
    let loser = first;
    for (let k = first; k < last; k++) {
      if (reward[k]! > reward[winner]!) winner = k;
      if (reward[k]! <= reward[loser]!) loser = k;
    }
    return { winner, loser, share };
  });
  const preferring = pairs.filter(({ winner, loser }) => reward[winner]! > reward[loser]!);
  const shares = preferring.reduce((sum, { share }) => sum + share, 0);
  const coefficients = new Float64Array(reward.length);
  let value = 0;
  for (const { winner, loser, share } of preferring) {
    const gain = (k: number) => targetLogProb[k]! - referenceLogProb[k]!;
    const margin = beta * (gain(winner) - gain(loser));
    value += (share / shares) * logSigmoid(margin);
    coefficients[winner] = (share / shares) * beta * Math.exp(logSigmoid(-margin));
    coefficients[loser] = -coefficients[winner]!;
  }
  return { value, coefficients, entropyCoefficients: null, silentSlates: pairs.length - preferring.length };
}

/** Without overflow on either side. */
function logSigmoid(x: number): number {
  return Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));
}

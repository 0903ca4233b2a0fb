import { logLowerGamma, trigamma } from '../incomplete-gamma.js';
import { rootBetween } from '../root.js';
import { CompensatedSum } from '../sum.js';
import { eventsOf, type WeightedLog } from './weighted-log.js';

/** Where the mixture over bets is tightest, in units of the variance process. */
const RHO = 1;

/**
 * A lower bound of E[w r] that holds at all sizes of the log at once with probability 1 - tail: it may be looked at after every
 * event (Waudby-Smith, Wu, Ramdas, Karampatziakis & Mineiro, "Anytime-valid off-policy inference for contextual bandits",
 * 2022; mixture of Howard, Ramdas, McAuliffe & Sekhon, Annals of Statistics 2021, proposition 9).
 *
 * With X_t = w_t (r_t - lowest) / width, which is at least 0, and a prediction x_t = (1/2 + sum_{s<t} X_s) / t made
 * before it, the wealth of a gamma mixture of bets that the mean exceeds mu depends on S = sum (X_t - mu) and V = sum (X_t - x_t)^2
 * only. It is a nonnegative supermartingale where the mean is mu, so that by Ville's inequality means at which it exceeds
 * 1 / tail are ruled out. The proof wants predictions of at most 1; as in Vowpal Wabbit's estimators they are left as they are,
 * because means of early large weights above 1 only widen V (docs/estimators.md has the false alarms measured).
 */
export function sequenceBound(log: WeightedLog, tail: number): number {
  const [lowest, highest] = log.rewardRange;
  const width = highest - lowest;
  const { total, variance } = processOf(log);
  const n = eventsOf(log);
  const excess = (mu: number) => logWealth(total - n * mu, variance) + Math.log(tail);
  const largest = Math.min(1, total / n);
  if (excess(0) <= 0) return lowest;
  if (excess(largest) >= 0) return lowest + width * largest;
  return lowest + width * rootBetween(excess, 0, largest);
}

/** sum X_t and V, in the order of the log. */
function processOf({ weights, rewards, rewardRange, dropped }: WeightedLog): { total: number; variance: number } {
  const [lowest, highest] = rewardRange;
  const total = new CompensatedSum();
  const variance = new CompensatedSum();
  let seen = 0;
  for (let i = 0; i < weights.length; i++) {
    const guess = total.value + 0.5;
    if (dropped > 0) {
      // Events of weight 0: each adds its squared prediction, guess / (seen + 1), guess / (seen + 2), ...
      variance.add(guess ** 2 * (trigamma(seen + 1) - trigamma(seen + 1 + dropped)));
      seen += dropped;
    }
    const x = (weights[i]! * (rewards[i]! - lowest)) / (highest - lowest);
    variance.add((x - guess / (seen + 1)) ** 2);
    total.add(x);
    seen++;
  }
  return { total: total.value, variance: variance.value };
}

/** Log of the gamma mixture of exponential supermartingales, s + v + rho > 0. */
function logWealth(s: number, v: number): number {
  const shape = v + RHO;
  const scale = s + shape;
  return s + v + RHO * Math.log(RHO) - shape * Math.log(scale) + logLowerGamma(shape, scale) - logLowerGamma(RHO, RHO);
}

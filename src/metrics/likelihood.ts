import { describeValue } from '../errors.js';
import { requireFinite, requireInput } from './checks.js';

/**
 * Log-likelihood of a ranking under the Plackett-Luce model, in nats:
 *
 *     log p = sum_i [ s_(i) - log sum_{j not yet chosen} exp s_j ]
 *
 * `scores` [k] are log-worths by item, `ranking` the items best first. Items that it leaves out come after those it names,
 * in no order, so a top-t list is the first t of a ranking; to leave an item out of the comparison, leave out its
 * score. Two items are the Bradley-Terry model. An empty ranking says nothing: 0.
 *
 * Source: Plackett 1975, Luce 1959; docs/theory.md section 8.
 * @throws UsageError METRIC_INPUT for scores that are not finite and rankings that name no item or one twice
 */
export function plackettLuceLogLikelihood(scores: ArrayLike<number>, ranking: ArrayLike<number>): number {
  requireFinite('Scores', scores);
  const order = Array.from(ranking);
  const ranked = new Set(order);
  const wrong = order.find((item) => !(Number.isInteger(item) && item >= 0 && item < scores.length));
  requireInput(wrong === undefined, `Ranking: expected items 0 to ${scores.length - 1}, got ${describeValue(wrong)}.`);
  requireInput(ranked.size === order.length, 'Ranking: an item stands in it twice; expected each at most once.');

  // From the last place up, so that `rest` is the log-sum-exp of all that come after.
  let rest = Number.NEGATIVE_INFINITY;
  for (let item = 0; item < scores.length; item++) {
    if (!ranked.has(item)) rest = logAddExp(rest, scores[item]!);
  }
  let value = 0;
  for (const item of order.reverse()) {
    value -= softplus(rest - scores[item]!);
    rest = logAddExp(rest, scores[item]!);
  }
  return value;
}

/**
 * log p(winner beats loser) = -log(1 + exp(loser - winner)) under the Bradley-Terry model, in nats; scores are log-worths.
 * @throws UsageError METRIC_INPUT for scores that are not finite
 */
export function bradleyTerryLogLikelihood(winner: number, loser: number): number {
  requireFinite('Scores', [winner, loser]);
  return -softplus(loser - winner);
}

/** log(1 + exp x), without overflow and without losing small results. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** log(exp a + exp b); b is finite. */
function logAddExp(a: number, b: number): number {
  return b + softplus(a - b);
}

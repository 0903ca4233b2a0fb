import { rootBetween } from '../root.js';
import { studentTQuantile } from '../special-functions.js';
import { sum } from '../sum.js';
import { type Evaluation, maximise } from './concave.js';
import { eventsOf, type WeightedLog } from './weighted-log.js';

/**
 * The dual variable beta of the likeliest distribution with E[w] = 1: the probability of event i is 1 / (n + beta (w_i - 1)), and
 * what is missing from 1 lies on the smallest or largest possible weight (Karampatziakis, Langford & Mineiro, NeurIPS 2020,
 * section 4).
 */
export function likelihoodDual({
  weights,
  weightRange,
  dropped,
}: Omit<WeightedLog, 'rewards' | 'rewardRange'>): number {
  const n = weights.length * (1 + dropped);
  const [smallest, largest] = weightRange;
  // Probabilities are at most 1, and weights that the log lacks have none below 0.
  let low = largest === Infinity ? 0 : n / (1 - largest);
  let high = n / (1 - smallest);
  for (const w of dropped > 0 ? [0, ...weights] : weights) {
    if (w < 1) high = Math.min(high, (n - 1) / (1 - w));
    if (w > 1) low = Math.max(low, (n - 1) / (1 - w));
  }
  const gradient = (beta: number) =>
    sum(weights.map((w) => (w - 1) / ((w - 1) * beta + n))) - (weights.length * dropped) / (n - beta);
  if (gradient(low) <= 0) return low;
  if (gradient(high) >= 0) return high;
  return rootBetween(gradient, low, high);
}

/**
 * A lower bound of E[w r] that misses with probability `tail`, asymptotically, by empirical likelihood (same source; Owen,
 * "Empirical Likelihood", 2001): the least E_Q[w r] over the distributions Q with E_Q[w] = 1 whose likelihood is at least
 * exp(-F/2) times the largest one, F the 1 - 2 tail quantile of the F distribution with 1 and n - 1 degrees of freedom. Q may put
 * mass on possible weights that the log lacks, at the lowest reward.
 *
 * Its dual has signs as its only constraints and is concave: the maximum over s, t >= 0 of
 *     lowest + exp(L/n) x geometric mean_i (s A_i + t B_i + C_i) - s A(1) - t B(1)
 * with C_i = w_i (r_i - lowest), L the least log-likelihood, and A(w), B(w) the two linear functions that span those which are not
 * negative on the possible weights. Any s and t give a valid bound: a maximum that is found roughly is only a little too low.
 */
export function empiricalLikelihoodBound(log: WeightedLog, tail: number): number {
  const [lowest] = log.rewardRange;
  const n = eventsOf(log);
  const beta = likelihoodDual(log) / n;
  const logLargest = -sumOverEvents(log, (w) => Math.log1p(beta * (w - 1)));
  const quantile = Math.max(0, studentTQuantile(1 - tail, n - 1)) ** 2;
  const { terms, span } = termsOf(log);
  const mean = sumOverEvents(log, (w, r) => w * (r - lowest)) / n;
  const spread = Math.sqrt(sumOverEvents(log, (w, r) => (w * (r - lowest) - mean) ** 2) / n) || mean;
  if (spread === 0) return lowest;
  // Near the largest likelihood the optimum is that likelihood's own direction, this far out.
  const reach = spread * Math.sqrt(n / Math.max(quantile, 1e-3));
  const [smallest, largest] = log.weightRange;
  const direction = (w: number) => (w === Infinity ? beta : 1 + beta * (w - 1));
  const factor = Math.exp((logLargest - quantile / 2) / n);
  const best = maximise(
    (x) => dualObjective(terms, span(1), n, factor, x),
    [reach * Math.max(direction(smallest), 1e-3), reach * Math.max(direction(largest), 0)],
  );
  return lowest + Math.max(0, best);
}

function sumOverEvents({ weights, rewards, rewardRange, dropped }: WeightedLog, f: (w: number, r: number) => number) {
  const unseen = dropped > 0 ? weights.length * dropped * f(0, rewardRange[0]) : 0;
  return sum(weights.map((w, i) => f(w, rewards[i]!))) + unseen;
}

/** A, B and C of an event, and how many events are like it. */
type Term = readonly [a: number, b: number, c: number, count: number];

function termsOf({ weights, rewards, rewardRange, weightRange, dropped }: WeightedLog) {
  const [smallest, largest] = weightRange;
  const span = (w: number): readonly [number, number] =>
    largest === Infinity
      ? [1, w - smallest]
      : [(largest - w) / (largest - smallest), (w - smallest) / (largest - smallest)];
  const terms: Term[] = Array.from(weights, (w, i) => [...span(w), w * (rewards[i]! - rewardRange[0]), 1]);
  if (dropped > 0) terms.push([...span(0), 0, weights.length * dropped]);
  return { terms, span };
}

function dualObjective(
  terms: readonly Term[],
  [aOne, bOne]: readonly [number, number],
  n: number,
  factor: number,
  [s, t]: readonly [number, number],
): Evaluation {
  let logs = 0;
  let [ma, mb, maa, mab, mbb] = [0, 0, 0, 0, 0];
  for (const [a, b, c, count] of terms) {
    const g = s * a + t * b + c;
    const [share, ga, gb] = [count / n, a / g, b / g];
    logs += share * Math.log(g);
    ma += share * ga;
    mb += share * gb;
    maa += share * ga * ga;
    mab += share * ga * gb;
    mbb += share * gb * gb;
  }
  const scaled = factor * Math.exp(logs);
  return {
    value: scaled - s * aOne - t * bOne,
    gradient: [scaled * ma - aOne, scaled * mb - bOne],
    curvature: [scaled * (ma * ma - maa), scaled * (ma * mb - mab), scaled * (mb * mb - mbb)],
  };
}

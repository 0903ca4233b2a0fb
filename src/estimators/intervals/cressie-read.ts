import { studentTQuantile } from '../special-functions.js';
import { sum } from '../sum.js';
import { eventsOf, type WeightedLog } from './weighted-log.js';

/**
 * A lower bound of E[w r] that misses with probability `tail`, asymptotically, from the Cressie-Read divergence of power -2
 * (Karampatziakis, Langford & Mineiro, "Empirical likelihood for contextual bandits", NeurIPS 2020, appendix).
 *
 * Among the distributions Q on the n events and one unseen event (W, lowest reward), the least E_Q[w r] with E_Q[w] = 1 and
 * (n + 1) sum_i (q_i - 1/(n + 1))^2 (n + 1) <= D + F, where D is the least such divergence and F the 1 - 2 tail quantile of the
 * F distribution with 1 and n degrees of freedom. W is the smallest or largest possible weight. Over the events, with deviations
 * orthogonal to 1 and w, that minimum is  a + b (1 - mean w) - sqrt(residual variance x remaining divergence)  for the
 * regression a + b w of w r on w.
 */
export function cressieReadBound(log: WeightedLog, tail: number): number {
  const n = eventsOf(log);
  const [lowest, highest] = log.rewardRange;
  const [smallest, largest] = log.weightRange;
  const closest = regression(log, sum(log.weights) < n ? largest : smallest).divergence;
  const budget = closest + Math.max(0, studentTQuantile(1 - tail, n)) ** 2 / (n + 1);
  const bounds = [smallest, largest]
    .map((unseen) => regression(log, unseen))
    .filter(({ divergence }) => divergence <= budget)
    .map(({ centre, residual, divergence }) => centre - Math.sqrt(Math.max(0, residual) * (budget - divergence)));
  return Math.min(highest, Math.max(lowest, Math.min(...(bounds.length > 0 ? bounds : [lowest]))));
}

interface Regression {
  /** Mean square deviation of (n + 1) q from 1 that E_Q[w] = 1 costs. */
  divergence: number;
  /** E_Q[w r] at that cost. */
  centre: number;
  /** Variance of w r that w does not explain. */
  residual: number;
}

/** Regression of w r on w over the events and an unseen one of weight `unseen` with the lowest reward. */
function regression(log: WeightedLog, unseen: number): Regression {
  if (unseen === Infinity) return regressionAtInfinity(log);
  const { weights, rewards } = log;
  const size = eventsOf(log) + 1;
  const dropped = size - 1 - weights.length;
  const unseenProduct = unseen * log.rewardRange[0];
  const products = weights.map((weight, i) => weight * rewards[i]!);
  const meanW = (sum(weights) + unseen) / size;
  const meanX = (sum(products) + unseenProduct) / size;
  const moment = (f: (weight: number, product: number) => number) =>
    (sum(weights.map((weight, i) => f(weight - meanW, products[i]! - meanX))) +
      dropped * f(-meanW, -meanX) +
      f(unseen - meanW, unseenProduct - meanX)) /
    size;
  const variance = moment((dw) => dw * dw);
  if (variance === 0) return { divergence: Infinity, centre: meanX, residual: 0 };
  const slope = moment((dw, dx) => dw * dx) / variance;
  return {
    divergence: (1 - meanW) ** 2 / variance,
    centre: meanX + slope * (1 - meanW),
    residual: moment((dw, dx) => (dx - slope * dw) ** 2),
  };
}

/** The limit as the unseen weight grows: the regression then has the slope of the lowest reward r. */
function regressionAtInfinity(log: WeightedLog): Regression {
  const { weights, rewards, rewardRange } = log;
  const n = eventsOf(log);
  const lowest = rewardRange[0];
  const excess = weights.map((weight, i) => weight * (rewards[i]! - lowest));
  const mean = sum(excess) / n;
  const squares = sum(excess.map((x) => (x - mean) ** 2)) + (n - weights.length) * mean ** 2;
  return { divergence: 1 / n, centre: lowest + mean, residual: squares / (n + 1) };
}

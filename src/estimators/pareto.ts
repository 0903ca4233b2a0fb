/**
 * @file The shape k-hat of the tail of importance weights, as in Pareto smoothed importance sampling (Vehtari, Simpson,
 * Gelman, Yao & Gabry, JMLR 2024). Above 0.5 the variance of the weights does not exist, above 0.7 no realistic number of
 * queries helps.
 */

import { LargestValues } from './largest-values.js';

/** Fewer exceedances than this give no shape. */
const FEWEST_EXCEEDANCES = 5;

/**
 * k-hat of weights given by their logarithms, one by one: a generalised Pareto distribution fitted to the min(0.2 S, 3 sqrt S)
 * largest of S. Only ratios of weights matter, so none is ever exponentiated beyond 1.
 */
export class ParetoTail {
  readonly #size: number;
  /** Exceedances. */
  readonly #tail: number;
  /** These and the cutoff below them. */
  readonly #largest: LargestValues;

  /** @param size S, how many will be added */
  constructor(size: number) {
    this.#size = size;
    this.#tail = Math.ceil(Math.min(0.2 * size, 3 * Math.sqrt(size)));
    this.#largest = new LargestValues(this.#tail + 1);
  }

  add(logWeight: number): void {
    this.#largest.add(logWeight);
  }

  /** Null where there are too few weights, or all of the tail is equal (clipped, or both policies alike): no tail to judge. */
  shape(): number | null {
    if (this.#tail < FEWEST_EXCEEDANCES || this.#tail >= this.#size) return null;
    const sorted = this.#largest.sorted();
    const largest = sorted.at(-1)!;
    const cutoff = sorted[0]!;
    // Weights that tie with the cutoff exceed nothing; as exceedances of 0 they would fake a heavy tail.
    const above = sorted.filter((logWeight) => logWeight > cutoff);
    if (above.length < FEWEST_EXCEEDANCES || above[0] === largest) return null;
    return generalisedPareto(above.map((logWeight) => Math.exp(logWeight - largest) - Math.exp(cutoff - largest)))
      .shape;
  }
}

/**
 * Shape k (positive: heavy tail) and scale of a generalised Pareto distribution by the quasi-Bayesian estimate of Zhang &
 * Stephens (Technometrics 2009); the shape is drawn towards 0.5 with the weight of ten observations as in the PSIS paper,
 * appendix C. `exceedances` ascend and are positive.
 */
export function generalisedPareto(exceedances: Float64Array): { shape: number; scale: number } {
  const n = exceedances.length;
  const candidates = 30 + Math.floor(Math.sqrt(n));
  const largest = exceedances[n - 1]!;
  const quartile = exceedances[Math.floor(n / 4 + 0.5) - 1]!;
  const thetas = Array.from(
    { length: candidates },
    (_, j) => 1 / largest + (1 - Math.sqrt(candidates / (j + 0.5))) / (3 * quartile),
  );
  const shapeAt = (theta: number) => exceedances.reduce((total, x) => total + Math.log1p(-theta * x), 0) / n;
  const logLikelihoods = thetas.map((theta) => {
    const shape = shapeAt(theta);
    return n * (Math.log(-theta / shape) - shape - 1);
  });
  const theta = thetas.reduce((total, candidate, j) => {
    const odds = logLikelihoods.reduce((sum, other) => sum + Math.exp(other - logLikelihoods[j]!), 0);
    return total + candidate / odds;
  }, 0);
  const shape = shapeAt(theta);
  return { shape: (n * shape + 10 * 0.5) / (n + 10), scale: -shape / theta };
}

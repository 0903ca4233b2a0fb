import { generalisedPareto } from '../pareto.js';

/** A transform h of importance weights; by default, at its neutral lambda, it changes nothing. */
export interface WeightTransform {
  formula: string;
  /** Allowed lambda, in words; null where the transform has none. */
  lambda: { neutral: number; expected: string; holds(lambda: number): boolean } | null;
  apply(weights: Float64Array, lambda: number): Float64Array;
}

const notNegative = {
  neutral: Infinity,
  expected: 'a number of at least 0, or Infinity',
  holds: (lambda: number) => lambda >= 0,
};
const share = (neutral: number) => ({
  neutral,
  expected: 'a number from 0 to 1',
  holds: (lambda: number) => lambda >= 0 && lambda <= 1,
});

/** Transforms that act on each weight alone; where w and lambda make 0/0, h is its limit 0 (docs/theory.md section 6). */
export const transforms = {
  clip: {
    formula: 'min(w, lambda)',
    lambda: notNegative,
    apply: (weights, lambda) => weights.map((w) => Math.min(w, lambda)),
  },
  switch: {
    formula: 'w where w <= lambda, else 0',
    lambda: notNegative,
    apply: (weights, lambda) => weights.map((w) => (w <= lambda ? w : 0)),
  },
  shrinkage: {
    formula: 'lambda w / (w^2 + lambda)',
    lambda: notNegative,
    apply: (weights, lambda) => weights.map((w) => (w === 0 || lambda === Infinity ? w : w / ((w / lambda) * w + 1))),
  },
  'sub-gaussian': {
    formula: 'w / (1 - lambda + lambda w)',
    lambda: share(0),
    apply: (weights, lambda) => weights.map((w) => (w === 0 ? 0 : w / (1 - lambda + lambda * w))),
  },
  power: {
    formula: 'w^lambda, and 0 where w = 0',
    lambda: share(1),
    apply: (weights, lambda) => weights.map((w) => (w === 0 ? 0 : w ** lambda)),
  },
  pareto: { formula: 'Pareto smoothing of the largest weights', lambda: null, apply: paretoSmoothed },
} satisfies Record<string, WeightTransform>;

export type WeightTransformName = keyof typeof transforms;

/** Fewer tail weights than this are left alone. */
const FEWEST_IN_TAIL = 5;

/**
 * Pareto smoothed importance weights (Vehtari, Simpson, Gelman, Yao & Gabry, JMLR 2024, algorithm 1): the
 * min(0.2 S, 3 sqrt S) largest weights are replaced, in their order, by the expected order statistics of a generalised
 * Pareto distribution fitted to them, and never exceed the largest weight. Weights that are equal, or too few, stay.
 */
function paretoSmoothed(weights: Float64Array): Float64Array {
  const size = weights.length;
  const tail = Math.ceil(Math.min(0.2 * size, 3 * Math.sqrt(size)));
  const ascending = weights.slice().sort();
  const largest = ascending[size - 1]!;
  const cutoff = ascending[size - tail - 1] ?? Infinity;
  const order = Array.from(weights.keys())
    .filter((i) => weights[i]! > cutoff)
    .sort((i, j) => weights[i]! - weights[j]!);
  if (order.length < FEWEST_IN_TAIL || weights[order[0]!] === largest) return weights;
  const { shape, scale } = generalisedPareto(Float64Array.from(order, (i) => weights[i]! - cutoff));
  const smoothed = weights.slice();
  order.forEach((i, rank) => {
    const logSurvival = Math.log1p(-(rank + 0.5) / order.length);
    const exceedance = shape === 0 ? -scale * logSurvival : (scale / shape) * Math.expm1(-shape * logSurvival);
    smoothed[i] = Math.min(cutoff + exceedance, largest);
  });
  return smoothed;
}

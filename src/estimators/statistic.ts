/**
 * @file A value and its uncertainty, as a function of sums over queries. Plain, weighted and self-normalised values all
 * have this one shape, so that every interval method is written once.
 */
import { exactSum } from './exact-sum.js';
import { CompensatedSum, sum } from './sum.js';

/**
 *     theta = (sum_i numerator_i) * prod_m (sum_i multiplier_mi) / prod_d (sum_i denominator_di)
 *
 * All columns have one entry per query; multipliers and denominators are not negative. With as many denominators as
 * numerator and multipliers together, theta does not depend on the number of queries:
 * a mean has the denominator 1, a weighted mean omega, a self-normalised value the weights.
 */
export interface Statistic {
  readonly numerator: Float64Array;
  readonly multipliers: readonly Float64Array[];
  readonly denominators: readonly Float64Array[];
  /** Another such quotient, added to this one. */
  readonly plus?: Statistic;
}

export function meanOf(values: Float64Array): Statistic {
  return ratioOf(values, new Float64Array(values.length).fill(1));
}

export function ratioOf(numerator: Float64Array, denominator: Float64Array): Statistic {
  return { numerator, multipliers: [], denominators: [denominator] };
}

/** The statistic whose theta is `factor` times this one's. */
export function scaledBy(statistic: Statistic, factor: number): Statistic {
  const { numerator, plus } = statistic;
  return {
    ...statistic,
    numerator: numerator.map((x) => factor * x),
    ...(plus ? { plus: scaledBy(plus, factor) } : {}),
  };
}

/** The statistic whose theta is the sum of these two. */
export function sumOf(a: Statistic, b: Statistic): Statistic {
  return { ...a, plus: a.plus ? sumOf(a.plus, b) : b };
}

/** The same statistic on a log of `queries`, in which its own are those at `places` and the others add nothing. */
export function placedAmong(statistic: Statistic, places: readonly number[], queries: number): Statistic {
  const place = (column: Float64Array) => {
    const placed = new Float64Array(queries);
    for (const [i, at] of places.entries()) placed[at] = column[i]!;
    return placed;
  };
  return {
    numerator: place(statistic.numerator),
    multipliers: statistic.multipliers.map(place),
    denominators: statistic.denominators.map(place),
    ...(statistic.plus ? { plus: placedAmong(statistic.plus, places, queries) } : {}),
  };
}

export function columnsOf(statistic: Statistic): Float64Array[] {
  const { numerator, multipliers, denominators, plus } = statistic;
  return [numerator, ...multipliers, ...denominators, ...(plus ? columnsOf(plus) : [])];
}

/** theta from the sums of its columns; NaN where a denominator is 0. */
export function valueFromSums(statistic: Statistic, sumOf: (column: Float64Array) => number): number {
  let value = sumOf(statistic.numerator);
  for (const column of statistic.multipliers) value *= sumOf(column);
  for (const column of statistic.denominators) {
    const total = sumOf(column);
    value = total === 0 ? Number.NaN : value / total;
  }
  return statistic.plus ? value + valueFromSums(statistic.plus, sumOf) : value;
}

/** theta on the log itself, from exact sums: it does not depend on the order of the queries. */
export function statisticValue(statistic: Statistic): number {
  return valueFromSums(statistic, exactSum);
}

/**
 * The standard error of theta by the delta method: theta is replaced by its first-order expansion around the means,
 *     psi_i = theta * [ sum_m multiplier_mi / mean_m - sum_d denominator_di / mean_d ] + numerator_i * scale,
 * where scale = d theta / d (mean numerator), and se^2 = sum_i psi_i^2 / (n (n - 1)). For a plain mean that is the sample
 * standard deviation over sqrt(n). The influences of added quotients add up.
 */
export function standardError(statistic: Statistic): number {
  const n = statistic.numerator.length;
  const factors = influenceFactors(statistic, n, sum);
  const squares = new CompensatedSum();
  for (let i = 0; i < n; i++) {
    let influence = 0;
    for (const { column, factor } of factors) influence += column[i]! * factor;
    squares.add(influence * influence);
  }
  return Math.sqrt(squares.value / (n * (n - 1)));
}

/** psi_i is the sum over these columns of factor times entry i, for n queries. */
export function influenceFactors(
  statistic: Statistic,
  n: number,
  sumOf: (column: Float64Array) => number,
): { column: Float64Array; factor: number }[] {
  const { plus, ...quotient } = statistic;
  const theta = valueFromSums(quotient, sumOf);
  const scale = valueFromSums(quotient, (column) => (column === quotient.numerator ? n : sumOf(column)));
  return [
    { column: quotient.numerator, factor: scale },
    ...quotient.multipliers.map((column) => ({ column, factor: (theta * n) / sumOf(column) })),
    ...quotient.denominators.map((column) => ({ column, factor: (-theta * n) / sumOf(column) })),
    ...(plus ? influenceFactors(plus, n, sumOf) : []),
  ];
}

/**
 * The same statistic with one entry per cluster; `clusterOf` maps each query to 0 .. clusters - 1. Columns that are in
 * `summed` already are taken from there.
 */
export function sumOverClusters(
  statistic: Statistic,
  clusterOf: Int32Array,
  clusters: number,
  summed = new Map<Float64Array, Float64Array>(),
): Statistic {
  const sumColumn = (column: Float64Array): Float64Array => {
    const known = summed.get(column);
    if (known) return known;
    const sums = new Float64Array(clusters);
    for (let i = 0; i < column.length; i++) sums[clusterOf[i]!]! += column[i]!;
    summed.set(column, sums);
    return sums;
  };
  return {
    numerator: sumColumn(statistic.numerator),
    multipliers: statistic.multipliers.map(sumColumn),
    denominators: statistic.denominators.map(sumColumn),
    ...(statistic.plus ? { plus: sumOverClusters(statistic.plus, clusterOf, clusters, summed) } : {}),
  };
}

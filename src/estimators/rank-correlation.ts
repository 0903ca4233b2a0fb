import { describeValue, UsageError } from '../errors.js';

/**
 * Spearman's rank correlation, in [-1, 1]: Pearson's correlation of the ranks, ties sharing their mean rank. NaN where one
 * side is constant, hence for fewer than two pairs.
 * @throws UsageError METRIC_INPUT for lists of different lengths or numbers that are not finite
 */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): number {
  requirePairs(x, y);
  const a = centredRanks(x);
  const b = centredRanks(y);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/**
 * Kendall's tau-b, in [-1, 1]: pairs in the same order minus pairs in opposite order, over the geometric mean of the pairs
 * that are not tied in x and of those not tied in y. NaN where one side is constant. Time is quadratic in the length.
 * @throws UsageError METRIC_INPUT as `spearman`
 */
export function kendallTau(x: ArrayLike<number>, y: ArrayLike<number>): number {
  requirePairs(x, y);
  let agreement = 0;
  let untiedX = 0;
  let untiedY = 0;
  for (let i = 1; i < x.length; i++) {
    for (let j = 0; j < i; j++) {
      const orderX = Math.sign(x[i]! - x[j]!);
      const orderY = Math.sign(y[i]! - y[j]!);
      agreement += orderX * orderY;
      untiedX += orderX * orderX;
      untiedY += orderY * orderY;
    }
  }
  return agreement / Math.sqrt(untiedX * untiedY);
}

function requirePairs(x: ArrayLike<number>, y: ArrayLike<number>): void {
  if (x.length !== y.length) {
    throw new UsageError(
      'METRIC_INPUT',
      `A rank correlation needs two lists of the same length, got ${x.length} and ${y.length}.`,
    );
  }
  for (const [name, list] of [
    ['first', x],
    ['second', y],
  ] as const) {
    const bad = Array.from(list).findIndex((value) => !Number.isFinite(value));
    if (bad < 0) continue;
    throw new UsageError(
      'METRIC_INPUT',
      `A rank correlation, ${name} list: number ${bad} is ${describeValue(list[bad])}; expected finite numbers.`,
    );
  }
}

/** Ranks 1 .. n minus their mean; ties share the mean of their places. */
function centredRanks(values: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(values).sort();
  const places = new Map<number, { first: number; count: number }>();
  for (const [at, value] of sorted.entries()) {
    const place = places.get(value);
    if (place) place.count++;
    else places.set(value, { first: at, count: 1 });
  }
  return Float64Array.from(values, (value) => {
    const { first, count } = places.get(value)!;
    return first + (count - 1) / 2 - (values.length - 1) / 2;
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

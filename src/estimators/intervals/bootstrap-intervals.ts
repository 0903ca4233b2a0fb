import { percentiles } from '../bootstrap.js';
import { normalCdf, normalQuantile } from '../special-functions.js';
import { columnsOf, type Statistic, statisticValue, valueFromSums } from '../statistic.js';
import { sum } from '../sum.js';
import { fromBounds, type IntervalSettings } from './settings.js';

/** Percentiles of the replicates at the two tails. */
export function percentileInterval(
  replicates: Float64Array,
  settings: IntervalSettings,
): { low: number; high: number } {
  return fromBounds(
    settings,
    (tail) => percentiles(replicates, [100 * tail])[0]!,
    (tail) => percentiles(replicates, [100 * (1 - tail)])[0]!,
  );
}

/**
 * The bias-corrected and accelerated bootstrap (Efron, JASA 1987): percentiles at
 *     Phi(z0 + (z0 + z) / (1 - a (z0 + z))),    z the normal quantile of the tail,
 * where z0 is the normal quantile of the share of replicates below the value (ties count half), and a = sum d^3 /
 * (6 (sum d^2)^1.5) with the jackknife's d_i = mean of the values without one unit - value without unit i. The share is kept half
 * a replicate away from 0 and 1.
 */
export function bcaInterval(
  statistic: Statistic,
  replicates: Float64Array,
  settings: IntervalSettings,
): { low: number; high: number } {
  const value = statisticValue(statistic);
  const finite = replicates.filter(Number.isFinite);
  const below = finite.reduce((count, x) => count + (x < value ? 1 : x === value ? 0.5 : 0), 0);
  const z0 = normalQuantile(Math.min(Math.max(below, 0.5), finite.length - 0.5) / finite.length);
  const acceleration = jackknifeAcceleration(statistic);
  const at = (probability: number) => {
    const z = z0 + normalQuantile(probability);
    return percentiles(finite, [100 * normalCdf(z0 + z / (1 - acceleration * z))])[0]!;
  };
  return fromBounds(settings, at, (tail) => at(1 - tail));
}

function jackknifeAcceleration(statistic: Statistic): number {
  const sums = new Map(columnsOf(statistic).map((column) => [column, sum(column)]));
  const values = statistic.numerator.map((_, i) =>
    valueFromSums(statistic, (column) => sums.get(column)! - column[i]!),
  );
  const mean = sum(values) / values.length;
  const squares = sum(values.map((x) => (mean - x) ** 2));
  // A value without a unit is undefined where only that unit has weight; then, and without spread, nothing accelerates.
  return squares > 0 ? sum(values.map((x) => (mean - x) ** 3)) / (6 * squares ** 1.5) : 0;
}

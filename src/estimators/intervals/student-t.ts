import { studentTQuantile } from '../special-functions.js';
import { type Statistic, standardError, statisticValue } from '../statistic.js';
import { fromBounds, type IntervalSettings } from './settings.js';

/** value +- Student t quantile x standard error (delta method for ratios), n - 1 degrees of freedom. */
export function studentTInterval(statistic: Statistic, settings: IntervalSettings): { low: number; high: number } {
  const value = statisticValue(statistic);
  const error = standardError(statistic);
  const reach = (tail: number) => studentTQuantile(1 - tail, statistic.numerator.length - 1) * error;
  return fromBounds(
    settings,
    (tail) => value - reach(tail),
    (tail) => value + reach(tail),
  );
}

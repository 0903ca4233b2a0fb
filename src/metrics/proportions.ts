import { requireFinite, requireInput } from './checks.js';

/**
 * Counts, votes or shares divided by their sum; all 0 where all are 0. The only place that decides what a histogram may
 * hold: finite numbers of at least 0, at least one of them.
 * @throws UsageError METRIC_INPUT
 */
export function proportions(counts: ArrayLike<number>): Float64Array {
  requireInput(counts.length > 0, 'A distribution needs at least one category, got none.');
  requireFinite('A distribution', counts);
  const values = Float64Array.from(counts);
  const largest = values.reduce((most, value) => Math.max(most, value), 0);
  const negative = values.findIndex((value) => value < 0);
  requireInput(
    negative < 0,
    `A distribution: number ${negative} is ${values[negative]}; expected counts of at least 0.`,
  );
  if (largest === 0) return values;
  // Relative to the largest first, so that the sum of huge counts cannot overflow.
  const relative = values.map((value) => value / largest);
  const total = relative.reduce((sum, value) => sum + value, 0);
  return relative.map((value) => value / total);
}

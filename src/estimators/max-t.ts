import { percentiles } from './bootstrap.js';

/**
 * Of each resample, the largest deviation of any value from its estimate, in standard errors; resamples in which a value is undefined
 * are left out. Critical values and p-values from it hold for all values at once (max-T; Romano & Wolf, Econometrica 2005).
 */
export function largestDeviations(
  replicates: readonly Float64Array[],
  values: readonly number[],
  errors: readonly number[],
): Float64Array {
  return replicates[0]!
    .map((_, resample) =>
      replicates.reduce((most, replicate, v) => {
        const deviation = Math.abs(replicate[resample]! - values[v]!);
        // What does not vary does not deviate.
        return Math.max(most, deviation === 0 ? 0 : deviation / errors[v]!);
      }, 0),
    )
    .filter(Number.isFinite);
}

/** The 1 - alpha quantile of the largest deviations. */
export function criticalValue(
  replicates: readonly Float64Array[],
  values: readonly number[],
  errors: readonly number[],
  alpha: number,
): number {
  return percentiles(largestDeviations(replicates, values, errors), [100 * (1 - alpha)])[0]!;
}

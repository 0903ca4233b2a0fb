import { loadAddon } from './loader.js';

export interface ResampledSums {
  /** [columns * units], one column after the other. */
  x: Float64Array;
  columns: number;
  units: number;
  /** The resamples first .. first + resamples - 1. */
  first: number;
  resamples: number;
  seed: number;
}

/**
 * Sums of every column over resamples in which each unit counts a number of times that is nearly Poisson(1) distributed
 * (native/kernels/bootstrap/poisson_counts.h), a function of seed, resample and unit alone: [resamples * columns]. The bits depend
 * neither on the number of threads nor on the instruction set.
 */
export function poissonSums({ x, columns, units, first, resamples, seed }: ResampledSums): Float64Array {
  const sums = new Float64Array(resamples * columns);
  loadAddon().runSync('poisson_bootstrap', [x], [sums], [units, columns, resamples, first, seed], []);
  return sums;
}

import { hostQueue } from './host-queue.js';
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
export function poissonSums(request: ResampledSums): Float64Array {
  const sums = new Float64Array(request.resamples * request.columns);
  loadAddon().runSync('poisson_bootstrap', [request.x], [sums], dimsOf(request), []);
  return sums;
}

/** The same beside the event loop. */
export async function poissonSumsAside(request: ResampledSums): Promise<Float64Array> {
  const sums = new Float64Array(request.resamples * request.columns);
  await hostQueue('cpu').runHost('poisson_bootstrap', [request.x], [sums], dimsOf(request), []);
  return sums;
}

function dimsOf({ units, columns, resamples, first, seed }: ResampledSums): number[] {
  return [units, columns, resamples, first, seed];
}

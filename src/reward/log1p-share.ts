import { shareRewards } from './share.js';

/** r_k = log(1 + u_k) / sum_j log(1 + u_j): shares that a single popular response dominates less. See `shareRewards`. */
export function log1pShareRewards(signals: Float64Array): Float64Array {
  return shareRewards(signals.map((signal) => Math.log1p(Math.max(signal, 0))));
}

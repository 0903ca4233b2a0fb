import { Bootstrap } from '../../src/estimators/bootstrap.js';
import { meanOf } from '../../src/estimators/statistic.js';
import { MersenneTwister } from '../helpers/mt19937.js';

/** Replicates of the mean from the seeded resamples of Open Bandit Pipeline (test/fixtures/ope/bootstrap.json). */
export function peerBootstrap(values: Float64Array, resamples: number, seed: number): Float64Array {
  const n = values.length;
  const bootstrap = new Bootstrap([meanOf(values)], n, { resamples, seed: 0 });
  const twister = new MersenneTwister(seed);
  for (let resample = 0; resample < resamples; resample++) {
    const counts = new Float64Array(n);
    for (let draw = 0; draw < n; draw++) counts[twister.index(n)]!++;
    bootstrap.evaluate(resample, counts);
  }
  return bootstrap.replicates[0]!;
}

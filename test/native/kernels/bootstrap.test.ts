import { describe, expect, it } from 'vitest';
import type { NativeAddon } from '../../../src/native/addon.js';
import { loadAddon } from '../../../src/native/loader.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';
import { implementations } from '../../helpers/implementations.js';

interface Shape {
  units: number;
  columns: number;
  resamples: number;
  first?: number;
  seed?: number;
}

function sums(
  addon: NativeAddon,
  x: Float64Array,
  { units, columns, resamples, first = 0, seed = 1 }: Shape,
): Float64Array {
  const output = new Float64Array(resamples * columns);
  addon.runSync('poisson_bootstrap', [x], [output], [units, columns, resamples, first, seed], []);
  return output;
}

describe.each(implementations)('poisson_bootstrap %s', (_, addon) => {
  it.each([
    [0, 2, 3],
    [1, 1, 1],
    [7, 0, 2],
    [5, 3, 0],
    [61, 1, 13],
    [1021, 7, 3],
    [127, 2, 17],
    [2048, 4, 5],
    [4099, 2, 9],
  ])('%i units, %i columns, %i resamples', (units, columns, resamples) => {
    const x = Float64Array.from(randomNumbers(units * columns, 3));
    checkOp(
      'poisson_bootstrap',
      {
        inputs: [x],
        outputs: [[Float64Array, resamples * columns]],
        dims: [units, columns, resamples, 2 ** 33, 2 ** 40 + 7],
        tolerance: { atol: 1e-11, rtol: 1e-12 },
      },
      addon(),
    );
  });

  it('draws the same resample wherever the run begins, and others under another seed', () => {
    const x = Float64Array.from(randomNumbers(300, 4));
    const shape = { units: 300, columns: 1 };
    const all = sums(addon(), x, { ...shape, resamples: 8 });
    expect(sums(addon(), x, { ...shape, resamples: 3, first: 5 })).toEqual(all.subarray(5));
    expect(sums(addon(), x, { ...shape, resamples: 8, seed: 2 })).not.toEqual(all);
    expect(new Set(all).size).toBe(8);
  });
});

/** By its numbers alone; that both builds count alike is said above. */
describe('poisson_bootstrap', () => {
  it('counts units by Poisson numbers of mean 1', () => {
    const resamples = 4000;
    const counts = sums(loadAddon(), Float64Array.of(1), { units: 1, columns: 1, resamples });
    const share = (count: number) => counts.filter((value) => value === count).length / resamples;
    let probability = Math.exp(-1);
    for (let count = 0; count < 6; count++) {
      const deviation = Math.sqrt((probability * (1 - probability)) / resamples);
      expect(Math.abs(share(count) - probability)).toBeLessThan(4.5 * deviation);
      probability /= count + 1;
    }
  });

  it('estimates the standard error of a mean', () => {
    const [units, resamples] = [900, 400];
    const values = randomNumbers(units, 8);
    const x = Float64Array.from({ length: 2 * units }, (_, i) => values[i] ?? 1);
    const replicates = sums(loadAddon(), x, { units, columns: 2, resamples });
    const means = Array.from({ length: resamples }, (_, b) => replicates[2 * b]! / replicates[2 * b + 1]!);
    const variance = (list: number[]) => {
      const mean = list.reduce((sum, value) => sum + value) / list.length;
      return list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (list.length - 1);
    };
    // The standard deviation of a variance from 400 normal draws is 7 % of it.
    expect(Math.abs(variance(means) / (variance(values) / units) - 1)).toBeLessThan(0.3);
  });
});

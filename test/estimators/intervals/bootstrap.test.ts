import { describe, expect, it } from 'vitest';
import { bcaInterval } from '../../../src/estimators/intervals/bootstrap-intervals.js';
import { interval } from '../../../src/estimators/intervals/interval.js';
import { checkedSettings } from '../../../src/estimators/intervals/settings.js';
import { Random } from '../../../src/estimators/random.js';
import { estimate } from '../../../src/estimators/scalar/estimate.js';
import { normalCdf } from '../../../src/estimators/special-functions.js';
import { meanOf } from '../../../src/estimators/statistic.js';

const settings = checkedSettings('bootstrap-bca', { alpha: 0.1 }, ['bootstrap-bca']);

describe('BCa bootstrap', () => {
  it('is the percentile interval of a symmetric sample with symmetric replicates', () => {
    const replicates = Float64Array.from({ length: 1001 }, (_, i) => i - 500);
    const { low, high } = bcaInterval(meanOf(Float64Array.of(-2, -1, 0, 1, 2)), replicates, settings);
    expect(low).toBeCloseTo(-450, 8);
    expect(high).toBeCloseTo(450, 8);
  });

  it('shifts percentiles by the bias of the replicates', () => {
    // 30 % of the replicates lie below the value 0, and a symmetric sample has no acceleration.
    const replicates = Float64Array.from({ length: 1001 }, (_, i) => i - 300);
    const { low } = bcaInterval(meanOf(Float64Array.of(-2, -1, 0, 1, 2)), replicates, settings);
    const z0 = -0.5231131746;
    expect(low).toBeCloseTo(1000 * normalCdf(2 * z0 - 1.6448536269514722) - 300, 0);
  });

  it('leans to the side of a long tail, more than percentiles do', () => {
    const random = new Random(3);
    const sample = Float64Array.from({ length: 60 }, () => Math.exp(random.normal()));
    const percentile = interval(sample, 'bootstrap-percentile', { seed: 1 });
    const bca = interval(sample, 'bootstrap-bca', { seed: 1 });
    expect(bca.low).toBeGreaterThan(percentile.low);
    expect(bca.high).toBeGreaterThan(percentile.high);
  });

  it('of a constant is that constant', () => {
    const { low, high } = interval([2, 2, 2, 2], 'bootstrap-bca');
    expect([low, high]).toEqual([2, 2]);
  });
});

describe('intervals of self-normalised values with a model', () => {
  const random = new Random(9);
  const n = 400;
  const log = {
    reward: Float64Array.from({ length: n }, () => random.uniform()),
    action: Float64Array.from({ length: n }, () => random.integer(2)),
    propensity: new Float64Array(n).fill(0.5),
    policy: Float64Array.from({ length: 2 * n }, (_, i) => (i % 2 === 0 ? 0.3 : 0.7)),
    qHat: Float64Array.from({ length: 2 * n }, () => random.uniform()),
    k: 2,
  };

  it.each(['t', 'bootstrap-percentile', 'bootstrap-bca'])(
    '%s lies around sndr and moves with the rewards',
    (method) => {
      const result = estimate(log, 'sndr');
      const { low, high } = interval(result, method, { seed: 2 });
      expect(low).toBeLessThan(result.value);
      expect(high).toBeGreaterThan(result.value);
      const moved = { ...log, reward: log.reward.map((r) => r + 10), qHat: log.qHat.map((q) => q + 10) };
      const shifted = interval(estimate(moved, 'sndr'), method, { seed: 2 });
      expect(shifted.low).toBeCloseTo(low + 10, 9);
      expect(shifted.high).toBeCloseTo(high + 10, 9);
    },
  );

  it('is that of a constant where model and rewards are constant', () => {
    const constant = { ...log, reward: log.reward.map(() => 3), qHat: log.qHat.map(() => 3) };
    const { low, high } = interval(estimate(constant, 'sndr'), 'bootstrap-percentile');
    expect(low).toBeCloseTo(3, 12);
    expect(high).toBeCloseTo(3, 12);
  });
});

import { expect, test } from 'vitest';
import { WeightBins } from '../../src/estimators/weight-histogram.js';

function weightHistogram(sample: Parameters<WeightBins['add']>[0]) {
  const bins = new WeightBins();
  bins.add(sample);
  return bins.result();
}

const sample = (logWeights: number[], omega: number[], transformed = logWeights) => ({
  logWeights: Float64Array.from(logWeights),
  transformed: Float64Array.from(transformed),
  offsets: Int32Array.from([0, ...omega.map((_, i) => i + 1)]),
  queryWeight: Float64Array.from(omega),
});

test('counts weights by bins of half a nat and adds up their shares', () => {
  const { from, width, counts, shares } = weightHistogram(sample([0, 0.4, Math.log(3), -0.1], [1, 1, 1, 1]));
  expect({ from, width, counts }).toEqual({ from: -0.5, width: 0.5, counts: [1, 2, 0, 1] });
  const total = 1 + Math.exp(0.4) + 3 + Math.exp(-0.1);
  expect(shares[1]).toBeCloseTo((1 + Math.exp(0.4)) / total, 12);
  expect(shares[3]).toBeCloseTo(3 / total, 12);
});

test('shares are of the transformed weights, times the weights of the queries', () => {
  const { shares } = weightHistogram(sample([0, 3.2], [2, 1], [0, Math.log(2)]));
  expect(shares[0]).toBeCloseTo(0.5, 12);
  expect(shares.at(-1)).toBeCloseTo(0.5, 12);
});

test('weights beyond the bins are in the outermost ones, without support too', () => {
  const { from, counts, shares } = weightHistogram(sample([-Infinity, -50, 800, 9.5], [1, 1, 1, 1]));
  expect(from).toBe(-10);
  expect(counts).toHaveLength(40);
  expect([counts[0], counts[39]]).toEqual([2, 2]);
  expect(shares[39]).toBe(1);
});

test('all weights 0: no shares', () => {
  expect(weightHistogram(sample([0], [1], [-Infinity])).shares).toEqual([0]);
});

import { describe, expect, it } from 'vitest';
import { type WeightSample, weightDiagnostics } from '../../src/estimators/diagnostics.js';
import { LogSum } from '../../src/estimators/log-sum.js';

/** One weight per query, no transform, unless told otherwise. */
function sample(weights: number[], overrides: Partial<WeightSample> = {}): WeightSample {
  const logWeights = Float64Array.from(weights, Math.log);
  return {
    logWeights,
    transformed: logWeights,
    offsets: Int32Array.from({ length: weights.length + 1 }, (_, i) => i),
    queryWeight: new Float64Array(weights.length).fill(1),
    logClip: null,
    ...overrides,
  };
}

describe('weight diagnostics', () => {
  it('are those of the definitions', () => {
    const result = weightDiagnostics(sample([0.5, 2, 0, 1.5]));
    expect(result.effectiveSampleSize).toBeCloseTo(16 / 6.5, 12);
    expect(result.effectiveSampleShare).toBeCloseTo(4 / 6.5, 12);
    expect(result.maxWeight).toBeCloseTo(2, 12);
    expect(result.maxWeightShare).toBeCloseTo(0.5, 12);
    expect(result.meanWeight).toBeCloseTo(1, 12);
    expect(result.chiSquare).toBeCloseTo(6.5 / 4 - 1, 12);
    expect(result.clippedShare).toBe(0);
    expect(result.queriesWithoutSupport).toBe(1);
    expect(result.paretoK).toBeNull();
  });

  it('use query weights', () => {
    const doubled = weightDiagnostics(sample([1, 3], { queryWeight: Float64Array.of(2, 1) }));
    expect(doubled.meanWeight).toBeCloseTo(5 / 3, 12);
    expect(doubled.effectiveSampleSize).toBeCloseTo(25 / 13, 12);
    expect(doubled.maxWeightShare).toBeCloseTo(3 / 5, 12);
    const ignored = weightDiagnostics(sample([1, 1e9], { queryWeight: Float64Array.of(1, 0) }));
    expect(ignored.effectiveSampleSize).toBeCloseTo(1, 12);
    expect(ignored.meanWeight).toBeCloseTo(1, 12);
  });

  it('describe the transformed weights, and count what the clip cuts', () => {
    const transformed = Float64Array.of(0, Math.log(2), Math.log(2));
    const result = weightDiagnostics(sample([1, 5, 2], { transformed, logClip: Math.log(2) }));
    expect(result.clippedShare).toBeCloseTo(1 / 3, 12);
    expect(result.maxWeight).toBeCloseTo(2, 12);
    expect(result.meanWeight).toBeCloseTo(5 / 3, 12);
  });

  it('count a query as without support only when all of its weights are tiny', () => {
    const offsets = Int32Array.of(0, 2, 4, 5);
    const queryWeight = new Float64Array(3).fill(1);
    const result = weightDiagnostics(sample([0.001, 0.5, 0.001, 0.0099, 0.01], { offsets, queryWeight }));
    expect(result.queriesWithoutSupport).toBe(1);
  });

  it('never give Infinity or NaN for weights far outside the doubles', () => {
    const logWeights = Float64Array.of(5000, 4990, -4000);
    const result = weightDiagnostics(sample([1, 1, 1], { logWeights, transformed: logWeights }));
    expect(result.maxWeight).toBeNull();
    expect(result.meanWeight).toBeNull();
    expect(result.chiSquare).toBeNull();
    expect(result.effectiveSampleSize).toBeCloseTo((1 + Math.exp(-10)) ** 2 / (1 + Math.exp(-20)), 10);
    expect(result.maxWeightShare).toBeCloseTo(1 / (1 + Math.exp(-10)), 10);
  });

  it('are zero, not NaN, when every weight is zero', () => {
    const result = weightDiagnostics(sample([0, 0]));
    expect(result).toMatchObject({
      effectiveSampleSize: 0,
      maxWeightShare: 0,
      meanWeight: 0,
      queriesWithoutSupport: 2,
    });
  });
});

describe('a log sum', () => {
  const sumOf = (values: number[]) => {
    const sum = new LogSum();
    for (const value of values) sum.add(value);
    return sum.value;
  };

  it('of nothing, or of zeros, is -Infinity', () => {
    expect(sumOf([])).toBe(-Infinity);
    expect(sumOf([-Infinity, -Infinity])).toBe(-Infinity);
  });

  it('holds what exp would not', () => {
    expect(sumOf([-1e4, -1e4])).toBeCloseTo(-1e4 + Math.LN2, 10);
    expect(sumOf([1e4, -Infinity, 1e4 + 1])).toBeCloseTo(1e4 + Math.log(1 + Math.E), 10);
    expect(sumOf([3, 1, 2])).toBeCloseTo(sumOf([1, 2, 3]), 14);
  });
});

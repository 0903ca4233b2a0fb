import { describe, expect, it } from 'vitest';
import { generalisedPareto, ParetoTail } from '../../src/estimators/pareto.js';
import { Random } from '../../src/estimators/random.js';

/** Quantile of the generalised Pareto distribution with scale 1. */
function quantile(p: number, shape: number): number {
  return shape === 0 ? -Math.log1p(-p) : ((1 - p) ** -shape - 1) / shape;
}

/** Maximum likelihood of the same two-parameter family by a plain grid, as an independent check. */
function gridMaximumLikelihood(x: Float64Array): number {
  let best = { logLikelihood: -Infinity, shape: Number.NaN };
  for (let shape = -0.9; shape <= 2; shape += 0.005) {
    for (let logScale = -2; logScale <= 2; logScale += 0.02) {
      const scale = Math.exp(logScale);
      let logLikelihood = -x.length * logScale;
      for (const value of x) {
        const z = 1 + (shape * value) / scale;
        logLikelihood -= z <= 0 ? Infinity : Math.abs(shape) < 1e-9 ? value / scale : (1 + 1 / shape) * Math.log(z);
      }
      if (logLikelihood > best.logLikelihood) best = { logLikelihood, shape };
    }
  }
  return best.shape;
}

describe('generalised Pareto shape', () => {
  it.each([-0.3, 0.01, 0.2, 0.5, 0.7, 1, 1.5])('recovers shape %d from its quantiles', (shape) => {
    const n = 2000;
    const x = Float64Array.from({ length: n }, (_, i) => quantile((i + 0.5) / n, shape));
    expect(Math.abs(generalisedPareto(x).shape - shape)).toBeLessThan(0.03);
    // The scale does not matter.
    expect(generalisedPareto(x.map((value) => 1e-9 * value)).shape).toBeCloseTo(generalisedPareto(x).shape, 8);
  });

  it('agrees with maximum likelihood up to its pull towards 0.5', () => {
    const random = new Random(9);
    const x = Float64Array.from({ length: 150 }, () => quantile(random.uniform(), 0.4)).sort();
    const pulled = (150 * gridMaximumLikelihood(x) + 5) / 160;
    expect(Math.abs(generalisedPareto(x).shape - pulled)).toBeLessThan(0.06);
  });
});

describe('k-hat of weights', () => {
  const paretoShape = (logWeights: Float64Array) => {
    const tail = new ParetoTail(logWeights.length);
    for (const logWeight of logWeights) tail.add(logWeight);
    return tail.shape();
  };
  const pareto = (shape: number) => {
    const random = new Random(4);
    return Float64Array.from({ length: 20_000 }, () => -shape * Math.log1p(-random.uniform()));
  };

  it.each([0.2, 0.5, 0.8, 1.2])('of Pareto weights with shape %d', (shape) => {
    expect(Math.abs(paretoShape(pareto(shape))! - shape)).toBeLessThan(0.15);
  });

  it('does not change when all weights are scaled far beyond what a double holds', () => {
    const logWeights = pareto(0.6);
    const shape = paretoShape(logWeights)!;
    expect(paretoShape(logWeights.map((value) => value + 5000))).toBeCloseTo(shape, 9);
    expect(paretoShape(logWeights.map((value) => value - 5000))).toBeCloseTo(shape, 9);
  });

  it('is null without a tail', () => {
    expect(paretoShape(new Float64Array(500))).toBeNull();
    expect(paretoShape(pareto(1).slice(0, 20))).toBeNull();
    expect(paretoShape(new Float64Array(0))).toBeNull();
  });

  it('ignores weights that tie with the cutoff', () => {
    // Two values only: nothing exceeds the lower one but the upper, and that is no tail.
    expect(paretoShape(Float64Array.from({ length: 1000 }, (_, i) => Number(i < 20)))).toBeNull();
    const tied = Float64Array.from({ length: 1000 }, (_, i) => (i < 10 ? 1 + 0.01 * i : 0));
    expect(paretoShape(tied)!).toBeLessThan(0.7);
  });

  it('is finite with zero weights and with a tail that is partly clipped', () => {
    expect(Number.isFinite(paretoShape(pareto(1).map((value, i) => (i % 3 ? -Infinity : value))))).toBe(true);
    expect(Number.isFinite(paretoShape(pareto(1).map((value) => Math.min(value, 5))))).toBe(true);
  });
});

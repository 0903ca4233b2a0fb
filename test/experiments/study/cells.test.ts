import { describe, expect, it } from 'vitest';
import type { Comparison } from '../../../src/estimators/compare/result.js';
import type { Evaluation } from '../../../src/estimators/result.js';
import { metricCell, valueCell } from '../../../src/experiments/study/cells.js';
import type { StudyMeasured } from '../../../src/experiments/study/measure.js';
import { metricInterval } from '../../../src/metrics/intervals.js';
import type { MetricName } from '../../../src/metrics/measure/result.js';

const OPTIONS = { alpha: 0.1, resamples: 200 };

function measured(metric: MetricName, values: number[], weights: number[] | null = null): StudyMeasured {
  const mean = values.reduce((sum, value, i) => sum + (weights?.[i] ?? 1) * value, 0) / (weights ?? values).length;
  return {
    measurements: { metrics: [{ metric, value: mean }] } as unknown as StudyMeasured['measurements'],
    contributions: { [metric]: { values, weights } },
  };
}

describe('cells of metrics', () => {
  it('pairs by query, over the queries where both are defined', () => {
    const own = measured('relevance', [0.1, 0.5, Number.NaN, 0.9]);
    const base = measured('relevance', [0.2, 0.1, 0.3, 0.4]);
    const { difference } = metricCell('relevance', [own], [base], OPTIONS)!;
    const expected = metricInterval([-0.1, 0.4, 0.5], OPTIONS);
    expect(difference).toEqual({ value: expected.value, low: expected.low, high: expected.high });
  });

  it('averages what each query adds over seeds first', () => {
    const seeds = [measured('diversity', [0, 1, 0.5]), measured('diversity', [1, 0, 0.5])];
    const cell = metricCell('diversity', seeds, null, OPTIONS)!;
    // Every query has the same mean, so that resampling queries changes nothing.
    expect(cell).toMatchObject({ value: 0.5, low: 0.5, high: 0.5, difference: null, seeds: [0.5, 0.5] });
  });

  it('perplexity is exp of the mean over tokens, and its difference one of perplexities', () => {
    const own = measured('perplexity', [1, 2, 3], [10, 30, 20]);
    const base = measured('perplexity', [2, 1, Number.NaN], [20, 20, 0]);
    const cell = metricCell('perplexity', [own], [base], OPTIONS)!;
    expect(cell.value).toBeCloseTo(Math.exp(130 / 60), 12);
    expect(cell.difference!.value).toBeCloseTo(Math.exp(70 / 40) - Math.exp(60 / 40), 12);
    expect(cell.difference!.low).toBeLessThanOrEqual(cell.difference!.value!);
    expect(cell.difference!.high).toBeGreaterThanOrEqual(cell.difference!.value!);
    const both = metricCell('perplexity', [own, measured('perplexity', [3, 2, 1], [30, 10, 20])], null, OPTIONS)!;
    expect(both.value).toBeCloseTo(Math.exp((130 + 130) / 120), 12);
  });

  it('is null for what was not measured', () => {
    expect(metricCell('alignScore', [measured('diversity', [1])], null, OPTIONS)).toBeNull();
  });
});

describe('cells of values', () => {
  const evaluation = (value: number, verdict: 'reliable' | 'caution') =>
    ({
      estimates: [
        { estimator: 'slate', normalise: 'none', value: 99, interval: null, verdict: 'unreliable' },
        { estimator: 'decomposed', normalise: 'none', value, interval: { low: value - 1, high: value + 2 }, verdict },
        {
          ...{ estimator: 'decomposed', normalise: 'tokens', value: 99, interval: null, verdict },
          ...{ selfNormalised: value / 2, selfNormalisedInterval: { low: 0, high: value } },
        },
      ],
    }) as unknown as Evaluation;
  const comparison = (a: string, b: string, difference: number) =>
    ({
      pairs: [{ a, b, difference, interval: { low: difference - 1, high: difference + 3 } }],
    }) as unknown as Comparison;

  it('takes the decomposed rows, and differences the right way round', () => {
    const evaluations = [evaluation(3, 'reliable'), evaluation(5, 'caution')];
    const comparisons = [comparison('POPE', 'SFT', 1), comparison('SFT', 'POPE', 2)];
    const of = { comparisons, method: 'POPE', baseline: 'SFT' };
    expect(valueCell('value', evaluations, of)).toEqual({
      ...{ value: 4, low: 3, high: 6, seeds: [3, 5], verdict: 'caution' },
      // 1 [0, 4] and -2 [-5, -1]
      difference: { value: -0.5, low: -2.5, high: 1.5 },
    });
    expect(valueCell('index', evaluations, of)).toMatchObject({ value: 2, low: 0, high: 4, seeds: [1.5, 2.5] });
    expect(valueCell('value', evaluations, { ...of, method: 'SFT' }).difference).toBeNull();
    expect(valueCell('value', evaluations, { ...of, comparisons: [] }).difference).toBeNull();
  });
});

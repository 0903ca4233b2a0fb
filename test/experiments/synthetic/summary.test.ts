import { expect, it } from 'vitest';
import { type SeedResults, summarise } from '../../../src/experiments/synthetic/summary.js';
import type { CandidateResult, Metrics } from '../../../src/experiments/synthetic/world-run.js';

const metrics = (utility: number, coverage: number): Metrics => ({
  utility,
  coverage6: coverage,
  coverage50: null,
  weightedCoverage6: coverage,
  totalVariation: 0.2,
  groupEntropy: 0.5,
  invalidShare: 0.1,
  distinct2: 0.3,
});

const candidate = (method: string, points: [number, number][]): CandidateResult => ({
  method,
  family: method,
  steps: 1,
  tokens: 1,
  warnings: [],
  temperatures: points.map(([utility, coverage], t) => ({
    temperature: [1, 0.5][t]!,
    metrics: metrics(utility, coverage),
  })),
  value: {
    truth: { value: 2, valueError: 0.1, utility: 1, utilityError: 0.1 },
    estimate: {
      value: { mean: 2.5, interval: method === 'sft' ? { low: 1, high: 3 } : { low: 2.2, high: 3 } },
      utility: { mean: null, interval: null },
      verdict: 'caution',
    },
    index: {
      value: { mean: 3, interval: null },
      utility: { mean: 1, interval: null },
      limit: 3,
      limitUtility: 1,
      limitError: 0,
    },
  },
});

const results = [0.3, 0.4, 0.5].map((utility, seed): SeedResults => {
  return {
    seed,
    references: [{ policy: 'human', metrics: metrics(0.6, 0.6) }],
    candidates: [
      candidate('base', [
        [0.1, 0.9],
        [0.1, 0.9],
      ]),
      candidate('sft', [
        [utility, 0.5],
        [utility + 0.1, 0.4],
      ]),
      candidate('opinion', [
        [utility + 0.02 + 0.01 * seed, 0.6],
        [utility + 0.1, 0.5],
      ]),
    ],
  };
});
const summary = summarise('pluralistic', results);

it('gives means and paired differences with intervals over seeds', () => {
  const row = summary.rows.find(({ method, temperature }) => method === 'opinion' && temperature === 1)!;
  expect(row.metrics.utility!.mean).toBeCloseTo(0.43, 12);
  // Differences .02, .03, .04: mean .03, standard error .01 / sqrt(3), t(2) = 4.302653.
  const { mean, interval, positive, seeds } = row.minus.sft!.utility!;
  expect(mean).toBeCloseTo(0.03, 12);
  expect(interval!.low).toBeCloseTo(0.03 - (4.302653 * 0.01) / Math.sqrt(3), 7);
  expect({ positive, seeds }).toEqual({ positive: 3, seeds: 3 });
  expect(row.metrics.coverage50).toBeNull();
  expect(summary.rows.find(({ method }) => method === 'sft')!.minus).toEqual({});
});

it('counts how often the interval of the estimate holds the true value', () => {
  expect(summary.values.map(({ method, covered }) => [method, covered])).toEqual([
    ['base', { value: 0, utility: 0 }],
    ['sft', { value: 3, utility: 0 }],
    ['opinion', { value: 0, utility: 0 }],
  ]);
  expect(summary.values[1]!.utility.estimate).toBeNull();
});

it('compares envelopes at the same share of what sft reaches under each seed', () => {
  const levels = summary.envelopes.filter(({ family, coverage }) => family === 'opinion' && coverage === 'coverage6');
  expect(levels.map(({ level }) => level)).toEqual([0.6, 0.7, 0.8, 0.9]);
  // Sft reaches .4, .5 and .6. At .6 of it both families are at their best.
  expect(levels[0]!.minus.sft!.mean).toBeCloseTo(0.1, 12);
  // At .8 of it, .32, .4 and .48, only the first seed's sft has to mix, to .48.
  expect(levels[2]!.reached!.mean).toBeCloseTo(0.6, 12);
  expect(levels[2]!.minus.sft!.mean).toBeCloseTo((0.12 + 0.1 + 0.1) / 3, 12);
});

it('says nothing of a family that does not get there in every seed', () => {
  const weak = results.map(({ candidates, ...rest }, seed): SeedResults => {
    const points: [number, number][] = [
      [seed === 0 ? 0.1 : 0.9, 0.9],
      [0.1, 0.9],
    ];
    return { ...rest, candidates: [...candidates.slice(0, 2), candidate('dpo', points)] };
  });
  const rows = summarise('pluralistic', weak).envelopes.filter(({ family }) => family === 'dpo');
  expect(rows).toHaveLength(8);
  for (const { reached, minus } of rows) expect([reached, minus.sft]).toEqual([null, null]);
});

it('has no interval for a single seed', () => {
  const single = summarise('pluralistic', results.slice(0, 1));
  expect(single.rows[0]!.metrics.utility).toEqual({ mean: 0.1, interval: null, positive: 1, seeds: 1 });
});

import type { Estimate, Evaluation, WeightHistogram } from '../../estimators/result.js';
import { type WeightBin, weightChart } from '../charts/weights.js';
import { type Run, runsOf } from '../inputs/run.js';
import type { Layout, Section, Table } from '../model.js';
import type { SectionContext } from './shared.js';

/** How much of the log an estimate rests on: its weights, their effective number and their tail. */
export function weights(runs: readonly Run[], { colours }: SectionContext): Section | null {
  const evaluations = runsOf(runs, 'evaluation');
  const drawn = evaluations.flatMap((run) => {
    const histogram = leadingHistogram(run.data);
    return histogram === undefined ? [] : [{ name: run.name, data: run.data, histogram, bins: binsOf(histogram) }];
  });
  if (drawn.length === 0) return null;
  return {
    id: 'weights',
    title: 'Weights: how much of the log counts',
    blocks: [
      {
        kind: 'figure',
        data: {
          id: 'weight-histogram',
          caption:
            'Bars: share of the logged responses (of slates, where the estimate is by slate) with such an importance weight w. Line: share of the estimate that comes from them. A line far to the right of the bars means that few responses decide',
          columns: [
            { key: 'policy', title: 'policy' },
            { key: 'row', title: 'estimate' },
            { key: 'from', title: 'log w from', format: 'number' },
            { key: 'to', title: 'to', format: 'number' },
            { key: 'count', title: 'of the weights', format: 'percent' },
            { key: 'share', title: 'of their sum', format: 'percent' },
          ],
          rows: drawn.flatMap(({ name, histogram, bins }) =>
            bins.map((bin) => ({ policy: name, row: `${histogram.estimator}, ${histogram.normalise}`, ...bin })),
          ),
        },
        description: 'Histograms of the logarithms of the importance weights, one for each policy.',
        panels: drawn.map(({ name, histogram, bins }) => ({
          title: `${name} (${histogram.estimator}, ${histogram.normalise})`,
          draw: (layout: Layout) => weightChart(bins, colours.of(name), layout),
        })),
        columns: 2,
        legend: [],
      },
      {
        kind: 'table',
        table: diagnosticsTable(
          'weight-diagnostics',
          'Effective sample size and tail of the weights drawn above. A tail shape k above 0.7, or a mean weight far from 1, makes a value unreliable',
          drawn.flatMap(({ name, histogram, data }) =>
            data.estimates.flatMap((estimate) =>
              estimate.estimator === histogram.estimator && estimate.normalise === histogram.normalise
                ? [{ policy: name, estimate }]
                : [],
            ),
          ),
        ),
      },
      {
        kind: 'table',
        folded: true,
        table: diagnosticsTable(
          'weight-diagnostics-all',
          'Weights of all estimates',
          evaluations.flatMap(({ name, data }) => data.estimates.map((estimate) => ({ policy: name, estimate }))),
        ),
      },
    ],
  };
}

function diagnosticsTable(id: string, caption: string, rows: readonly { policy: string; estimate: Estimate }[]): Table {
  return {
    ...{ id, caption },
    columns: [
      { key: 'policy', title: 'policy' },
      { key: 'estimator', title: 'estimator' },
      { key: 'normalise', title: 'normalise' },
      { key: 'effectiveSampleSize', title: 'effective sample', format: 'number' },
      { key: 'effectiveSampleShare', title: 'share', format: 'percent' },
      { key: 'meanWeight', title: 'mean', format: 'number' },
      { key: 'paretoK', title: 'tail k', format: 'number' },
      { key: 'maxWeight', title: 'largest', format: 'number' },
      { key: 'maxWeightShare', title: 'its share', format: 'percent' },
      { key: 'clippedShare', title: 'clipped', format: 'percent' },
      { key: 'queriesWithoutSupport', title: 'queries without support', format: 'number' },
    ],
    rows: rows.map(({ policy, estimate: { estimator, normalise, diagnostics } }) => ({
      ...{ policy, estimator, normalise },
      ...diagnostics,
    })),
  };
}

/** That of the headline; without one that of the value, which the log does not support: one sees why. */
function leadingHistogram({ headline, weightHistograms }: Evaluation): WeightHistogram | undefined {
  const { estimator, normalise } = headline ?? { estimator: 'decomposed', normalise: 'none' };
  return (
    weightHistograms.find((each) => each.estimator === estimator && each.normalise === normalise) ?? weightHistograms[0]
  );
}

function binsOf({ from, width, counts, shares }: WeightHistogram): WeightBin[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count, i) => ({
    from: from + i * width,
    to: from + (i + 1) * width,
    count: count / total,
    share: shares[i]!,
  }));
}

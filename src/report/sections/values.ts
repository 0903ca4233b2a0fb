import type { Normalisation } from '../../estimators/result.js';
import { intervalChart } from '../charts/intervals.js';
import { type Run, runsOf } from '../inputs/run.js';
import { paragraph, type Section, type Table } from '../model.js';
import { bounds, type SectionContext, valueColumns } from './shared.js';

const PANELS: Record<Normalisation, string> = {
  none: 'The value itself (normalise none)',
  tokens: "Per token: the paper's index",
  bytes: 'Per byte: an index',
};

/** Every estimator of every policy, with its interval. */
export function values(runs: readonly Run[], { colours }: SectionContext): Section | null {
  const evaluations = runsOf(runs, 'evaluation');
  if (evaluations.length === 0) return null;
  const rows = evaluations.flatMap(({ name, data }) => [
    ...data.estimates.map((estimate) => ({
      ...{ policy: name, estimator: estimate.estimator, normalise: estimate.normalise },
      value: estimate.value,
      ...bounds(estimate.interval),
      perResponse: estimate.valuePerResponse,
      utility: estimate.utility,
      diversity: estimate.diversity,
      selfNormalised: estimate.selfNormalised,
      ...{ form: estimate.form, transform: estimate.transform, verdict: estimate.verdict },
    })),
    // With a model of the reward: the value under 'none' again, its diversity that of the decomposed estimate.
    ...data.predicted.map((row) => ({
      ...{ policy: name, estimator: row.estimator, normalise: 'none' as const, value: row.value },
      ...bounds(row.interval),
      ...{ perResponse: null, utility: row.utility, diversity: null, selfNormalised: null },
      ...{ form: '', transform: '', verdict: row.verdict },
    })),
  ]);
  const legend = colours.entries(evaluations.map(({ name }) => name));
  const data: Table = {
    id: 'values',
    caption: 'Value of every policy under every estimator, with its interval',
    columns: [
      { key: 'policy', title: 'policy' },
      { key: 'estimator', title: 'estimator' },
      { key: 'normalise', title: 'normalise' },
      ...valueColumns('value'),
      { key: 'perResponse', title: 'per response', format: 'number' },
      { key: 'utility', title: 'utility', format: 'number' },
      { key: 'diversity', title: 'diversity', format: 'number' },
      { key: 'selfNormalised', title: 'self-normalised', format: 'number' },
      { key: 'form', title: 'form' },
      { key: 'transform', title: 'transform' },
      { key: 'verdict', title: 'verdict' },
    ],
    rows,
  };
  const panels = (['none', 'tokens', 'bytes'] as const).flatMap((normalise) => {
    const points = rows.flatMap(({ value, estimator, ...row }) =>
      row.normalise === normalise && value !== null ? [{ ...row, value, label: estimator }] : [],
    );
    if (points.length === 0) return [];
    return [
      {
        title: PANELS[normalise],
        draw: (layout: Parameters<typeof intervalChart>[1]) =>
          intervalChart({ points, legend, title: normalise === 'none' ? 'value' : 'index' }, layout),
      },
    ];
  });
  return {
    id: 'values',
    title: 'Value by estimator',
    blocks: [
      {
        kind: 'figure',
        data,
        description:
          `Points with intervals for ${legend.length === 1 ? 'one policy' : `${legend.length} policies`}, ` +
          'one row for each estimator, one panel for each normalisation. The table below has all numbers.',
        panels,
        columns: 2,
        legend,
      },
      paragraph(
        'Rows of one panel differ in what they measure: in the form of their reward, which the numbers name, and the bound is below the value by design. Rank policies within one row, by the value itself where its verdict allows that, and never by slate or bound per token.',
      ),
    ],
  };
}

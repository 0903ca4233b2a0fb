import { intervalChart } from '../charts/intervals.js';
import { type Run, runsOf } from '../inputs/run.js';
import type { Block, Layout, Section } from '../model.js';
import { bounds, type SectionContext, slug, valueColumns } from './shared.js';

/** Policies on the same queries: who may be best, and by how much they differ. */
export function comparisons(runs: readonly Run[], { colours }: SectionContext): Section | null {
  const compared = runsOf(runs, 'comparison');
  if (compared.length === 0) return null;
  const blocks = compared.flatMap(({ name, data }): Block[] => {
    const { policies, pairs, row } = data;
    const what = row.estimand === 'value' ? 'value' : 'index';
    const id = compared.length === 1 ? '' : name;
    const legend = colours.entries(policies.map(({ policy }) => policy));
    const points = policies.flatMap(({ policy, value, interval }) =>
      value === null ? [] : [{ label: policy, policy, value, ...bounds(interval) }],
    );
    const differences = pairs.map(({ a, b, difference, simultaneous }) => ({
      label: `${a} − ${b}`,
      policy: 'difference',
      value: difference,
      ...bounds(simultaneous),
    }));
    const panels = [
      {
        title: `The ${what} of each`,
        draw: (layout: Layout) =>
          intervalChart({ points, legend, title: what, byRow: true }, { ...layout, legend: false }),
      },
      {
        title: 'Differences, all at once',
        draw: (layout: Layout) =>
          intervalChart({ points: differences, legend: [], title: 'difference', reference: 0 }, layout),
      },
    ];
    return [
      {
        kind: 'figure',
        data: {
          id: slug('compared', id),
          caption: `Policies by ${row.estimator}, normalise ${row.normalise}${row.selfNormalised ? ', self-normalised' : ''}`,
          columns: [
            { key: 'policy', title: 'policy' },
            ...valueColumns(what),
            { key: 'probabilityBest', title: 'P(best)', format: 'percent' },
            { key: 'regret', title: 'regret', format: 'number' },
            { key: 'regretHigh', title: 'at most', format: 'number' },
            { key: 'possiblyBest', title: 'may be best' },
            { key: 'effectiveSampleSize', title: 'effective sample', format: 'number' },
            { key: 'verdict', title: 'verdict' },
          ],
          rows: policies.map((policy) => ({
            policy: policy.policy,
            value: policy.value,
            ...bounds(policy.interval),
            probabilityBest: policy.probabilityBest,
            regret: policy.regret,
            regretHigh: policy.regretHigh,
            possiblyBest: policy.possiblyBest ? 'yes' : 'no',
            effectiveSampleSize: policy.effectiveSampleSize,
            verdict: policy.verdict,
          })),
        },
        description: 'Values of the policies and their paired differences, each with its interval.',
        panels: pairs.length === 0 ? panels.slice(0, 1) : panels,
        columns: 2,
        legend,
      },
      {
        kind: 'table',
        table: {
          id: slug('pairs', id),
          caption: 'Differences on the same queries; simultaneous intervals and adjusted p hold for all pairs at once',
          columns: [
            { key: 'pair', title: 'pair' },
            ...valueColumns('difference'),
            { key: 'allLow', title: 'simultaneous low', format: 'number' },
            { key: 'allHigh', title: 'high', format: 'number' },
            { key: 'adjustedP', title: 'adjusted p', format: 'number' },
          ],
          rows: pairs.map(({ a, b, difference, interval, simultaneous, adjustedP }) => ({
            pair: `${a} − ${b}`,
            value: difference,
            ...bounds(interval),
            allLow: simultaneous.low,
            allHigh: simultaneous.high,
            adjustedP,
          })),
        },
      },
    ];
  });
  return { id: 'comparison', title: 'Policies compared', blocks };
}

import type { TopLevelSpec } from 'vega-lite';
import type { Layout } from '../model.js';
import { colour } from '../palette.js';
import { size } from './theme.js';

export interface WinBar {
  /** "a against b" */
  label: string;
  outcome: 'win' | 'tie' | 'loss';
  share: number;
}

export const OUTCOMES = ['win', 'tie', 'loss'] as const;

/** Wins, ties and losses as shares of one bar; the line in the middle is what chance would give. */
export function winChart(bars: readonly WinBar[], layout: Layout): TopLevelSpec {
  return {
    ...size(layout),
    height: { step: 34 },
    data: { values: bars.map((bar) => ({ ...bar, order: OUTCOMES.indexOf(bar.outcome) })) },
    encoding: {
      y: {
        field: 'label',
        type: 'ordinal',
        sort: [...new Set(bars.map(({ label }) => label))],
        axis: { title: null, grid: false, labelColor: colour('ink') },
      },
    },
    layer: [
      {
        mark: { type: 'bar', height: { band: 0.62 } },
        encoding: {
          x: {
            field: 'share',
            type: 'quantitative',
            stack: 'zero',
            scale: { domain: [0, 1] },
            axis: { title: null, format: '.0%', tickCount: 4 },
          },
          order: { field: 'order', type: 'quantitative' },
          color: {
            field: 'outcome',
            type: 'nominal',
            scale: { domain: [...OUTCOMES], range: [colour('good'), colour('rule'), colour('bad')] },
            legend: {},
          },
        },
      },
      {
        mark: { type: 'rule', color: colour('ink'), strokeDash: [3, 3] },
        encoding: { x: { datum: 0.5, type: 'quantitative' }, y: null },
      },
    ],
  } as TopLevelSpec;
}

import type { TopLevelSpec } from 'vega-lite';
import type { Layout, LegendEntry } from '../model.js';
import { colour } from '../palette.js';
import type { IntervalPoint } from './intervals.js';
import { policyColours, size } from './theme.js';

export interface BarChart {
  /** One bar each, from 0; the row is its label. */
  bars: readonly IntervalPoint[];
  legend: readonly LegendEntry[];
  title: string;
  /** Values are shares of one; whiskers that leave 0 to 1 are cut off there. */
  percent?: boolean | undefined;
}

/** Values as bars with whiskers for their intervals. */
export function barChart({ bars, legend, title, percent = false }: BarChart, layout: Layout): TopLevelSpec {
  const rows = {
    y: {
      field: 'label',
      type: 'ordinal' as const,
      sort: [...new Set(bars.map(({ label }) => label))],
      axis: { title: null, grid: false, labelColor: colour('ink') },
    },
  };
  const highest = Math.max(...bars.map(({ value, high }) => high ?? value));
  const x = {
    type: 'quantitative' as const,
    scale: percent ? { domain: [0, Math.min(1, highest)], clamp: true } : { zero: true },
    axis: { title, tickCount: 5, ...(percent ? { format: '.0%' } : {}) },
  };
  return {
    ...size(layout),
    height: { step: 26 },
    data: { values: bars.map((bar) => ({ ...bar })) },
    layer: [
      {
        mark: { type: 'bar', height: { band: 0.62 }, opacity: 0.85 },
        encoding: { ...rows, x: { ...x, field: 'value' }, color: policyColours('policy', legend, layout) },
      },
      {
        transform: [{ filter: 'isValid(datum.low)' }],
        mark: { type: 'rule', strokeWidth: 1.5, color: colour('ink') },
        encoding: { ...rows, x: { ...x, field: 'low' }, x2: { field: 'high' } },
      },
    ],
  };
}

import type { TopLevelSpec } from 'vega-lite';
import type { Layout, LegendEntry } from '../model.js';
import { colour } from '../palette.js';
import { policyColours, policyShapes, size } from './theme.js';

export interface IntervalPoint {
  /** The row that it stands in. */
  label: string;
  policy: string;
  value: number;
  low: number | null;
  high: number | null;
}

export interface IntervalChart {
  points: readonly IntervalPoint[];
  /** Colours and shapes of the policies; empty for points that are no policy's. */
  legend: readonly LegendEntry[];
  /** Title of the axis. */
  title: string;
  /** A vertical line, such as 0 for no difference. */
  reference?: number | undefined;
  /** Every label has one point, so that policies need no rows of their own. */
  byRow?: boolean | undefined;
}

const ROW = 22;

/** Values with their intervals as points on lines, one row for each label, policies below each other inside it. */
export function intervalChart(
  { points, legend, title, reference, byRow = false }: IntervalChart,
  layout: Layout,
): TopLevelSpec {
  const several = legend.length > 1 && !byRow;
  const labels = [...new Set(points.map(({ label }) => label))];
  const y = {
    field: 'label',
    type: 'ordinal' as const,
    sort: labels,
    scale: { paddingInner: several ? 0.35 : 0.1 },
    axis: { title: null, grid: false, labelColor: colour('ink') },
  };
  const ink = { value: colour('ink') };
  const rows = several ? { y, yOffset: { field: 'policy', sort: legend.map(({ name }) => name) } } : { y };
  const x = { type: 'quantitative' as const, scale: { zero: false, nice: true }, axis: { title, tickCount: 5 } };
  return {
    ...size(layout),
    height: several ? { step: 12, for: 'offset' as const } : { step: ROW },
    data: { values: points.map((point) => ({ ...point })) },
    layer: [
      ...(reference === undefined
        ? []
        : [
            {
              mark: { type: 'rule' as const, color: colour('muted'), strokeDash: [3, 3] },
              encoding: { x: { datum: reference, type: 'quantitative' as const } },
            },
          ]),
      {
        transform: [{ filter: 'isValid(datum.low)' }],
        mark: { type: 'rule', strokeWidth: 2.5, opacity: 0.55 },
        encoding: {
          ...rows,
          x: { ...x, field: 'low' },
          x2: { field: 'high' },
          color: legend.length === 0 ? ink : policyColours('policy', legend, layout),
        },
      },
      {
        mark: { type: 'point', filled: true, size: 64, opacity: 1 },
        encoding: {
          ...rows,
          x: { ...x, field: 'value' },
          color: legend.length === 0 ? ink : policyColours('policy', legend, layout),
          ...(legend.length === 0 ? {} : { shape: policyShapes('policy', legend, layout) }),
        },
      },
    ],
  };
}

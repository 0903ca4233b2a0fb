import type { TopLevelSpec } from 'vega-lite';
import type { Layout, LegendEntry } from '../model.js';
import { colour } from '../palette.js';
import { policyColours, size } from './theme.js';

export interface CurvePoint {
  run: string;
  split: 'training' | 'validation';
  step: number;
  value: number;
}

export interface CurveChart {
  points: readonly CurvePoint[];
  legend: readonly LegendEntry[];
  /** A horizontal line, such as the mean weight 1 of a sound ratio. */
  reference?: number | undefined;
}

/** A figure over the steps of training: validation drawn through, training dashed. */
export function curveChart({ points, legend, reference }: CurveChart, layout: Layout): TopLevelSpec {
  const encoding = {
    x: { field: 'step', type: 'quantitative' as const, axis: { title: 'step', tickCount: 5, grid: false } },
    y: { field: 'value', type: 'quantitative' as const, scale: { zero: false }, axis: { title: null, tickCount: 4 } },
  };
  const splits = { field: 'split', type: 'nominal' as const };
  return {
    ...size(layout),
    height: 140,
    data: { values: points.map((point) => ({ ...point })) },
    layer: [
      ...(reference === undefined
        ? []
        : [
            {
              mark: { type: 'rule' as const, color: colour('muted'), strokeDash: [2, 4] },
              encoding: { y: { datum: reference, type: 'quantitative' as const } },
            },
          ]),
      {
        mark: { type: 'line', strokeWidth: 2 },
        encoding: {
          ...encoding,
          color: policyColours('run', legend, layout),
          strokeDash: {
            ...splits,
            scale: {
              domain: ['validation', 'training'],
              range: [
                [1, 0],
                [4, 3],
              ],
            },
            legend: layout.legend ? { symbolStrokeColor: colour('ink'), symbolStrokeWidth: 2 } : null,
          },
          detail: [splits],
        },
      },
      // A single validation is a point, which no line shows.
      {
        mark: { type: 'point', filled: true, size: 18, opacity: 1 },
        encoding: { ...encoding, color: policyColours('run', legend, layout) },
      },
    ],
  };
}

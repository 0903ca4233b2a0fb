import type { TopLevelSpec } from 'vega-lite';
import type { Layout } from '../model.js';
import { colour, policyColour } from '../palette.js';
import { size } from './theme.js';

export interface ChangedValue {
  /** Such as "noise of 0.1 nats". */
  label: string;
  value: number;
  lowest: number;
  highest: number;
}

/** What a value becomes when the propensities change: points with the range of their draws, around a line for the value as given. */
export function sensitivityChart(
  { points, given }: { points: readonly ChangedValue[]; given: number | null },
  layout: Layout,
): TopLevelSpec {
  const y = {
    field: 'label',
    type: 'ordinal' as const,
    sort: points.map(({ label }) => label),
    axis: { title: null, grid: false, labelColor: colour('ink') },
  };
  const x = { type: 'quantitative' as const, scale: { zero: false }, axis: { title: 'value', tickCount: 5 } };
  return {
    ...size(layout),
    height: { step: 22 },
    data: { values: points.map((point) => ({ ...point })) },
    layer: [
      ...(given === null
        ? []
        : [
            {
              mark: { type: 'rule' as const, color: colour('muted'), strokeDash: [3, 3] },
              encoding: { x: { datum: given, type: 'quantitative' as const } },
            },
          ]),
      {
        mark: { type: 'rule', strokeWidth: 2.5, color: policyColour(0), opacity: 0.55 },
        encoding: { y, x: { ...x, field: 'lowest' }, x2: { field: 'highest' } },
      },
      {
        mark: { type: 'point', filled: true, size: 64, color: policyColour(0), opacity: 1 },
        encoding: { y, x: { ...x, field: 'value' } },
      },
    ],
  };
}

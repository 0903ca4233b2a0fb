import type { TopLevelSpec } from 'vega-lite';
import type { Layout, LegendEntry } from '../model.js';
import { colour } from '../palette.js';
import { policyColours, policyShapes, size } from './theme.js';

export interface Tradeoff {
  family: string;
  /** Setting of the family. */
  setting: string;
  diversity: number;
  utility: number;
}

export interface EnvelopeChart {
  points: readonly Tradeoff[];
  legend: readonly LegendEntry[];
  diversityTitle: string;
  utilityTitle: string;
}

/** Settings of methods by diversity and utility; a line joins those of a family that no other of that family beats in both. */
export function envelopeChart(
  { points, legend, diversityTitle, utilityTitle }: EnvelopeChart,
  layout: Layout,
): TopLevelSpec {
  const x = {
    field: 'diversity',
    type: 'quantitative' as const,
    scale: { zero: false, padding: 12 },
    axis: { title: diversityTitle, tickCount: 6 },
  };
  const y = {
    field: 'utility',
    type: 'quantitative' as const,
    scale: { zero: false, padding: 12 },
    axis: { title: utilityTitle, tickCount: 6 },
  };
  const frontier = legend.flatMap(({ name }) => paretoFront(points.filter(({ family }) => family === name)));
  return {
    ...size(layout),
    height: Math.min(340, Math.round(layout.width * 0.62)),
    data: { values: points.map((point) => ({ ...point })) },
    layer: [
      {
        data: { values: frontier.map((point) => ({ ...point })) },
        mark: { type: 'line', strokeWidth: 2, interpolate: 'linear' },
        encoding: {
          x,
          y,
          order: { field: 'diversity', type: 'quantitative' },
          color: policyColours('family', legend, layout),
        },
      },
      {
        mark: { type: 'point', filled: true, size: 90, opacity: 1, stroke: colour('paper'), strokeWidth: 1 },
        encoding: {
          x,
          y,
          color: policyColours('family', legend, layout),
          shape: policyShapes('family', legend, layout),
        },
      },
    ],
  };
}

/** The points that none of the others equals or exceeds in both, by rising diversity. */
export function paretoFront<T extends Pick<Tradeoff, 'diversity' | 'utility'>>(points: readonly T[]): T[] {
  const beats = (a: T, b: T) =>
    a.diversity >= b.diversity && a.utility >= b.utility && (a.diversity > b.diversity || a.utility > b.utility);
  return points
    .filter((point) => !points.some((other) => beats(other, point)))
    .toSorted((a, b) => a.diversity - b.diversity || b.utility - a.utility);
}

import type { TopLevelSpec } from 'vega-lite';
import type { Layout } from '../model.js';
import { colour, policyColour } from '../palette.js';
import { size } from './theme.js';

export interface WeightBin {
  /** Ends of the bin of log w, nats. */
  from: number;
  to: number;
  /** Of all weights, and of their sum. */
  count: number;
  share: number;
}

/** Where the weights lie (bars), and where the sum of them comes from (line): far apart, few responses make the estimate. */
export function weightChart(bins: readonly WeightBin[], policy: number, layout: Layout): TopLevelSpec {
  const low = Math.min(-2, ...bins.map(({ from }) => from));
  const high = Math.max(2, ...bins.map(({ to }) => to));
  const x = {
    type: 'quantitative' as const,
    scale: { domain: [low, high], nice: false },
    axis: { title: 'log w, nats (0: both policies say it alike)', tickCount: 7 },
  };
  const y = { type: 'quantitative' as const, axis: { title: null, format: '.0%', tickCount: 4 } };
  return {
    ...size(layout),
    height: 150,
    data: { values: bins.map((bin) => ({ ...bin, middle: (bin.from + bin.to) / 2 })) },
    layer: [
      {
        mark: { type: 'bar', color: policyColour(policy), opacity: 0.45 },
        encoding: { x: { ...x, field: 'from' }, x2: { field: 'to' }, y: { ...y, field: 'count' }, y2: { datum: 0 } },
      },
      {
        mark: { type: 'line', color: colour('ink'), strokeWidth: 1.5, point: { color: colour('ink'), size: 16 } },
        encoding: { x: { ...x, field: 'middle' }, y: { ...y, field: 'share' } },
      },
    ],
  };
}

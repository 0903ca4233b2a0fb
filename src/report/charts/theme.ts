import type { Config, TopLevelSpec } from 'vega-lite';
import type { Layout, LegendEntry } from '../model.js';
import { colour, policyColour, policyShape } from '../palette.js';

/** The look of all charts: quiet axes, no frame, text in the colours of the page. */
export const CONFIG: Config = {
  background: 'transparent',
  font: 'inherit',
  // The page describes each image as a whole; hundreds of labels inside would drown that.
  aria: false,
  view: { stroke: null },
  axis: {
    domain: false,
    ticks: false,
    grid: true,
    gridColor: colour('rule'),
    labelColor: colour('muted'),
    labelFontSize: 12,
    labelPadding: 6,
    labelLimit: 215,
    titleColor: colour('muted'),
    titleFontSize: 12,
    titleFontWeight: 'normal',
    titlePadding: 8,
  },
  axisY: { titleAngle: -90 },
  header: { labelColor: colour('ink'), labelFontSize: 12 },
  legend: {
    orient: 'top',
    direction: 'horizontal',
    columns: 3,
    title: null,
    labelColor: colour('ink'),
    labelFontSize: 12,
    symbolStrokeWidth: 0,
    symbolOpacity: 1,
  },
  text: { color: colour('ink'), fontSize: 12 },
  rule: { color: colour('ink') },
};

/** `autosize` by which an image, axis labels included, is as wide as asked for. */
export function size({
  width,
}: Layout): Pick<Extract<TopLevelSpec, { layer: unknown }>, 'width' | 'autosize' | 'padding' | 'config'> {
  return { width, autosize: { type: 'fit-x', contains: 'padding' } as const, padding: 4, config: CONFIG };
}

/** Encodes policies by their colours; with a legend where the layout wants one. */
export function policyColours(field: string, legend: readonly LegendEntry[], layout: Layout) {
  return {
    field,
    type: 'nominal' as const,
    scale: { domain: legend.map(({ name }) => name), range: legend.map((entry) => policyColour(entry.colour)) },
    legend: layout.legend && legend.length > 1 ? {} : null,
  };
}

/** The same by the shapes of points. */
export function policyShapes(field: string, legend: readonly LegendEntry[], layout: Layout) {
  return {
    field,
    type: 'nominal' as const,
    scale: { domain: legend.map(({ name }) => name), range: legend.map((entry) => policyShape(entry.colour)) },
    legend: layout.legend && legend.length > 1 ? {} : null,
  };
}

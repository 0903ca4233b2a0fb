import type { TopLevelSpec } from 'vega-lite';
import type { Panel } from '../model.js';
import { colour, withColours } from '../palette.js';

/** Vega and Vega-Lite take a third of a second to load: only when something is drawn. */
async function libraries() {
  const [vega, vegaLite, { expressionInterpreter }] = await Promise.all([
    import('vega'),
    import('vega-lite'),
    import('vega-interpreter'),
  ]);
  // Without a canvas Vega takes every character for 0.8 em wide, which cuts labels and pushes axes aside.
  const { textMetrics } = vega as unknown as { textMetrics: TextMetrics };
  textMetrics.width = ({ fontSize = 11 }, text) => CHARACTER_WIDTH * fontSize * String(text).length;
  return { vega, vegaLite, expressionInterpreter };
}

interface TextMetrics {
  width(item: { fontSize?: number }, text: unknown): number;
}

/** Of the wider usual sans-serif fonts (DejaVu Sans), em: too much leaves a gap, too little cuts a label. */
const CHARACTER_WIDTH = 0.62;

/** Draws a chart as SVG without any script in it; its colours are custom properties of the page. */
export async function drawSvg(spec: TopLevelSpec): Promise<string> {
  const { vega, vegaLite, expressionInterpreter } = await libraries();
  const logger = vega.logger(vega.Error);
  // Formulas are interpreted, so that no text becomes code.
  const chart = vega.parse(vegaLite.compile(spec, { logger }).spec, undefined, { ast: true });
  const view = new vega.View(chart, { renderer: 'none', logger, expr: expressionInterpreter });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/** A chart that stands alone: with its title and legend, on white paper, in colours and a font that every viewer knows. */
export function standaloneSpec({ title, draw }: Panel, width = 720): TopLevelSpec {
  const spec = draw({ width, legend: true });
  const named = {
    ...spec,
    ...(title === '' ? {} : { title: { text: title, anchor: 'start', fontSize: 13, color: colour('ink') } }),
    background: colour('paper'),
    config: { ...spec.config, background: colour('paper'), font: 'sans-serif' },
  };
  return JSON.parse(withColours(JSON.stringify(named))) as TopLevelSpec;
}

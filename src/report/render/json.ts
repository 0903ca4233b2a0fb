import { standaloneSpec } from '../charts/render.js';
import type { Block, Report } from '../model.js';

/** The report as JSON: sections and blocks, with all numbers, and each chart as a Vega-Lite specification to draw it elsewhere. */
export function reportJson({ title, sections }: Report): string {
  const blocks = (block: Block) =>
    block.kind === 'figure'
      ? {
          ...block,
          panels: block.panels.map((panel) => ({
            title: panel.title,
            vegaLite: standaloneSpec(panel),
          })),
        }
      : block;
  const value = { title, sections: sections.map((section) => ({ ...section, blocks: section.blocks.map(blocks) })) };
  return `${JSON.stringify(value, null, 2)}\n`;
}

import { drawSvg } from '../charts/render.js';
import type { Figure, Panel } from '../model.js';
import { escapeHtml as text } from './escape.js';
import { downloads, swatch, tableHtml } from './table.js';

/** Width of the text column, of half of it, and of the column on a small screen, in CSS pixels. */
const WIDE = 768;
const HALF = 372;
const SMALL = 328;

/** Caption, legend and images of a figure, the numbers behind it as a table, and links to keep them. */
export async function figureHtml(figure: Figure): Promise<string> {
  const { data, legend, panels, columns, description } = figure;
  const two = columns === 2 && panels.length > 1;
  const drawn: string[] = [];
  for (const panel of panels) drawn.push(await panelHtml(panel, two ? [HALF] : [WIDE, SMALL], description));
  const keys = legend.map(({ name, colour }) => `<li>${swatch(colour)}${text(name)}</li>`).join('');
  return `<figure id="figure-${text(data.id)}">
<figcaption>${text(data.caption)}.</figcaption>
${legend.length > 1 ? `<ul class="legend" aria-label="Colours">${keys}</ul>` : ''}<div class="panels${two ? ' two' : ''}">
${drawn.join('\n')}
</div>
<details><summary>The numbers</summary>${tableHtml(data)}</details>
${downloads(data)}
</figure>`;
}

/** One image, or one for wide and one for small screens, of which the style sheet shows one. */
async function panelHtml(panel: Panel, widths: readonly number[], description: string): Promise<string> {
  const label = panel.title === '' ? description : `${panel.title}. ${description}`;
  const images: string[] = [];
  for (const [i, width] of widths.entries()) {
    const svg = described(await drawSvg(panel.draw({ width, legend: false })), label);
    images.push(widths.length === 1 ? svg : `<div class="${i === 0 ? 'wide' : 'small'}">${svg}</div>`);
  }
  return `<div class="panel">${panel.title === '' ? '' : `<h3>${text(panel.title)}</h3>`}${images.join('')}</div>`;
}

/** The image as one thing with a description; its size follows from the page. */
function described(svg: string, label: string): string {
  return svg.replace(/^<svg[^>]*viewBox="([^"]*)"[^>]*>/, (_, box: string) => {
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${box}" role="img" aria-label="${text(label)}">`;
  });
}

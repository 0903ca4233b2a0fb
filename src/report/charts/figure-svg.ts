import type { Figure } from '../model.js';
import { drawSvg, standaloneSpec } from './render.js';

const SIZE = /^<svg[^>]* width="([\d.]+)" height="([\d.]+)"/;

/** All panels of a figure below each other in one image that stands alone. */
export async function figureSvg({ panels }: Pick<Figure, 'panels'>): Promise<string> {
  const placed: string[] = [];
  let [width, height] = [0, 0];
  for (const panel of panels) {
    const svg = await drawSvg(standaloneSpec(panel));
    const [across, down] = SIZE.exec(svg)!.slice(1).map(Number) as [number, number];
    placed.push(svg.replace('<svg', `<svg y="${height}"`));
    width = Math.max(width, across);
    height += down;
  }
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">` +
    `<rect width="100%" height="100%" fill="#ffffff"/>\n${placed.join('\n')}\n</svg>\n`
  );
}

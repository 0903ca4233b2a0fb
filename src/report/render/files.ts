import { drawSvg, standaloneSpec } from '../charts/render.js';
import { figuresOf, type Report, tablesOf } from '../model.js';
import { slug } from '../sections/shared.js';
import { tableCsv } from './csv.js';

/** A file of a folder. */
export interface NamedFile {
  name: string;
  content: string;
}

/** Every table of a report. */
export function csvFiles(report: Report): NamedFile[] {
  return tablesOf(report).map((table) => ({ name: `${table.id}.csv`, content: tableCsv(table) }));
}

/** Every chart of a report, as images that stand alone. */
export async function svgFiles(report: Report): Promise<NamedFile[]> {
  const files: NamedFile[] = [];
  for (const { data, panels } of figuresOf(report)) {
    for (const [i, panel] of panels.entries()) {
      const name = panels.length === 1 ? data.id : slug(data.id, String(i + 1), panel.title);
      files.push({ name: `${name}.svg`, content: `${await drawSvg(standaloneSpec(panel))}\n` });
    }
  }
  return files;
}

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
  const unique = uniqueNames();
  return tablesOf(report).map((table) => ({ name: `${unique(table.id)}.csv`, content: tableCsv(table) }));
}

/** Every chart of a report, as images that stand alone. */
export async function svgFiles(report: Report): Promise<NamedFile[]> {
  const files: NamedFile[] = [];
  const unique = uniqueNames();
  for (const { data, panels } of figuresOf(report)) {
    for (const [i, panel] of panels.entries()) {
      const name = panels.length === 1 ? data.id : slug(data.id, String(i + 1), panel.title);
      files.push({ name: `${unique(name)}.svg`, content: `${await drawSvg(standaloneSpec(panel))}\n` });
    }
  }
  return files;
}

/** Names as they are given, but for those that were given before: they get a number. */
function uniqueNames(): (name: string) => string {
  const given = new Set<string>();
  return (wanted) => {
    let name = wanted;
    for (let i = 2; given.has(name); i++) name = `${wanted}-${i}`;
    given.add(name);
    return name;
  };
}

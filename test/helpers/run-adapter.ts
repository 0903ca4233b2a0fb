import { readFile } from 'node:fs/promises';
import type { ImportOptions } from '../../src/data/import.js';
import { importLog } from '../../src/data/import.js';
import type { ImportReport } from '../../src/data/import-run.js';
import { parseSlate } from '../../src/data/schema.js';
import type { Slate } from '../../src/data/slate.js';

/** Imports files and reads the log back; checks that every record that was read is kept or dropped for a reason. */
export async function runAdapter(
  name: string,
  files: readonly string[],
  options: ImportOptions,
): Promise<{ report: ImportReport; slates: Slate[] }> {
  const report = await importLog(name, files, options);
  for (const [what, { read, kept, dropped }] of Object.entries({
    queries: report.queries,
    responses: report.responses,
  })) {
    const sum = Object.values(dropped).reduce((total, count) => total + count, kept);
    if (sum !== read) throw new Error(`${what}: read ${read}, but kept and dropped sum to ${sum}`);
  }
  const lines = (await readFile(options.output, 'utf8')).trimEnd().split('\n');
  const slates = lines.map((line, index) => parseSlate(line, `${options.output}:${index + 1}`));
  return { report, slates };
}

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

/** Imports files of these contents, lines of JSON where they are not text, under these names and in this order. */
export async function importRaw(
  name: string,
  files: Readonly<Record<string, string | readonly object[]>>,
  options: Omit<ImportOptions, 'output'> = {},
): Promise<{ report: ImportReport; slates: Slate[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'pope-test-'));
  try {
    for (const [file, content] of Object.entries(files)) {
      const text = typeof content === 'string' ? content : content.map((row) => JSON.stringify(row)).join('\n');
      await writeFile(join(folder, file), text);
    }
    const paths = Object.keys(files).map((file) => join(folder, file));
    return await runAdapter(name, paths, { output: join(folder, 'log.jsonl'), ...options });
  } finally {
    await rm(folder, { recursive: true });
  }
}

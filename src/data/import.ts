/** `pope import`: a publisher's raw files in, a log out, everything that is left out counted. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DataError, describeValue, UsageError } from '../errors.js';
import { locked, OutputLock } from '../files/lock.js';
import type { Adapter, ImportCounts } from './adapters/adapter.js';
import { findAdapter } from './adapters/index.js';
import { QueryText, readPrompts } from './adapters/prompts.js';
import { Spill } from './adapters/spill.js';
import { AtomicWriter } from './atomic-writer.js';
import { type AdapterOptionValues, type ImportReport, ImportRun } from './import-run.js';
import { type InputFile, openInput } from './input.js';
import type { SlateRules } from './slate-rules.js';

/** How a publisher's files become a log; docs/formats.md section 5 has the rules. */
export interface ImportOptions {
  /** The log to write (.jsonl, .jsonl.gz or .parquet). */
  output: string;
  /** Smallest slate that is kept; default: the adapter's (2 where people chose between responses, else 1). */
  minSlate?: number | undefined;
  /** Larger slates are cut; default none is. */
  maxSlate?: number | undefined;
  /** Which responses a cut keeps: a sample blind to the signal (default), or the best. */
  cut?: SlateRules['cut'] | undefined;
  /** Responses whose text occurs before in the slate; default drop. */
  duplicates?: SlateRules['duplicates'] | undefined;
  /** Responses that their author or the site deleted; default drop. */
  deleted?: SlateRules['deleted'] | undefined;
  /** File with texts of queries: JSON {id: text} or CSV (id, text). */
  prompts?: string | undefined;
  /** Text of queries without any, `{id}` being the id; default: the adapter's. */
  promptTemplate?: string | undefined;
  /** The adapter's own options by name. */
  adapterOptions?: AdapterOptionValues | undefined;
  /** Characters of raw rows that are held in memory; more go to the folder `output`.import. Default 64 Mi. */
  maxCharacters?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called while raw files are read. */
  onProgress?: ((progress: { rows: number; queries: number; responses: number }) => void) | undefined;
}

const MAX_CHARACTERS = 64 * 1024 * 1024;

/** Rows or queries between two progress reports. */
const PROGRESS_INTERVAL = 256;

/**
 * Reads raw files with an adapter and writes the log atomically: on any error `output` stays as it was. What was stopped
 * (by its signal, a kill, a full disk) goes on with the rows that are already grouped when it is called again for the same
 * files and options.
 * @throws UsageError for options that make no sense; DataError INPUT_NOT_FOUND, INPUT_UNREADABLE, INPUT_INVALID,
 * IMPORT_EMPTY when nothing is left; UsageError OUTPUT_LOCKED while another process writes there
 */
export async function importLog(
  adapter: Adapter | string,
  files: readonly string[],
  options: ImportOptions,
): Promise<ImportReport> {
  const reader = typeof adapter === 'string' ? findAdapter(adapter) : adapter;
  const rules = checkedRules(reader, options);
  return locked(OutputLock.ofFile(options.output), () => importInto(reader, files, rules, options));
}

async function importInto(
  reader: Adapter,
  files: readonly string[],
  rules: SlateRules,
  options: ImportOptions,
): Promise<ImportReport> {
  const prompts = options.prompts === undefined ? new Map<string, string>() : await readPrompts(options.prompts);
  const queryText = new QueryText(prompts, options.promptTemplate ?? reader.promptTemplate);
  const inputs: InputFile[] = [];
  for (const file of files) inputs.push(await openInput(file, 'INPUT'));
  const identity = await identityOf(reader, inputs, options);
  const spill = await Spill.open<ImportCounts>(`${options.output}.import`, identity);
  const progress = () => {
    options.signal?.throwIfAborted();
    const { rows, queries, responses } = run.report;
    options.onProgress?.({ rows, queries: queries.read, responses: responses.read });
  };
  const { maxCharacters = MAX_CHARACTERS, adapterOptions = {} } = options;
  const run = new ImportRun(reader, options.output, adapterOptions, spill, maxCharacters, (rows) => {
    if (rows % PROGRESS_INTERVAL === 0) progress();
  });
  const writer = await AtomicWriter.create(options.output, { locks: false });
  try {
    progress();
    for await (const raw of reader.read(inputs, run)) {
      const slate = run.toSlate(raw, rules, queryText);
      if (slate !== null) await writer.line(slate);
      if (run.report.queries.read % PROGRESS_INTERVAL === 0) progress();
    }
    progress();
    if (writer.lines === 0) throw nothingLeft(run.report);
    await writer.commit();
    await spill.remove();
  } catch (error) {
    await writer.abort();
    // It would end the same way again; anything else may be over next time.
    if (error instanceof DataError) await spill.remove();
    throw error;
  }
  const warning = queryText.warning();
  if (warning !== null) run.warn('NO_PROMPT_TEXT', warning);
  return run.report;
}

/** What the rows on their way to a log depend on. */
async function identityOf(adapter: Adapter, inputs: readonly InputFile[], options: ImportOptions): Promise<string> {
  const files = await Promise.all(
    inputs.map(async ({ path, size }) => [resolve(path), size, (await stat(path)).mtimeMs] as const),
  );
  const identity = { version: 1, adapter: adapter.name, options: options.adapterOptions ?? {}, files };
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex');
}

function checkedRules(adapter: Adapter, options: ImportOptions): SlateRules {
  const { minSlate = adapter.minSlate, maxSlate = Number.POSITIVE_INFINITY } = options;
  if (!Number.isInteger(minSlate) || minSlate < 1) {
    throw new UsageError(
      'SLATE_SIZE',
      `minimum slate size: expected an integer from 1, got ${describeValue(minSlate)}`,
    );
  }
  if ((maxSlate !== Number.POSITIVE_INFINITY && !Number.isInteger(maxSlate)) || maxSlate < minSlate) {
    throw new UsageError(
      'SLATE_SIZE',
      `maximum slate size: expected an integer of at least the minimum, ${minSlate}, got ${describeValue(maxSlate)}`,
    );
  }
  const { cut = 'sample', duplicates = 'drop', deleted = 'drop' } = options;
  return { minSlate, maxSlate, cut, duplicates, deleted };
}

function nothingLeft(report: ImportReport): DataError {
  const reasons = Object.entries({ ...report.responses.dropped, ...report.queries.dropped });
  const dropped = reasons.map(([reason, count]) => `${count} ${reason}`).join(', ');
  return new DataError(
    'IMPORT_EMPTY',
    `${report.adapter}: no slate is left of ${report.queries.read} queries with ${report.responses.read} responses` +
      (dropped === '' ? '; are these the right files?' : `; dropped: ${dropped}`),
  );
}

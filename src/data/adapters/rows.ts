/** Records of raw files: CSV, JSON, Parquet and XML, streamed. */
import { pipeline, Readable } from 'node:stream';
import { z } from 'zod';
import { DataError, describeError } from '../../errors.js';
import { parseForeignJson } from '../../files/json.js';
import { type InputFile, readBytes } from '../input.js';
import { readTextLines } from '../lines.js';
import { readParquetRows } from '../parquet.js';
import type { ImportContext } from './adapter.js';

/** A record's fields by name. */
export type Row = Record<string, unknown>;

/** What reading rows reports. */
export type RowContext = Pick<ImportContext, 'onRow' | 'drop' | 'warn'>;

/** A longer CSV record is a quote that was never closed. */
const MAX_CSV_RECORD_CHARACTERS = 16 * 1024 * 1024;

const MAX_CSV_HEADER_CHARACTERS = 1024 * 1024;

const MAX_JSON_ARRAY_CHARACTERS = 256 * 1024 * 1024;

/**
 * The rows of a file that are what `schema` wants, as it makes them; CSV, JSON (one object per line, or an array of them) or
 * Parquet, told apart by their content. Others are dropped and counted.
 * @throws DataError INPUT_INVALID when a CSV header lacks a field that every row must have
 */
export async function* readRecords<T extends z.ZodType<object>>(
  file: InputFile,
  schema: T,
  context: RowContext,
): AsyncGenerator<z.output<T>> {
  for await (const row of readRows(file, requiredFields(schema), context)) {
    const data = checkRow(row, schema, file, context);
    if (data !== null) yield data;
  }
}

/** A row as `schema` makes it; null for one that is not what it wants, after that was counted. */
export function checkRow<T extends z.ZodType<object>>(
  row: Row,
  schema: T,
  file: InputFile,
  context: RowContext,
): z.output<T> | null {
  const { data, error } = schema.safeParse(row);
  if (data !== undefined) return data;
  const { path, message } = error!.issues[0]!;
  dropMalformed(context, `${file.name}: rows of another form were dropped; the first: ${path.join('.')}: ${message}`);
  return null;
}

function requiredFields(schema: z.ZodType): string[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape as Record<string, z.ZodType>)
    .filter(([, field]) => !field.safeParse(undefined).success)
    .map(([name]) => name);
}

/** The same without a schema; a CSV header must have the columns `required`, and all CSV values are strings. */
export async function* readRows(
  file: InputFile,
  required: readonly string[],
  context: RowContext,
): AsyncGenerator<Row> {
  for await (const row of readAnyRows(file, required, context)) {
    context.onRow();
    if (row !== null) yield row;
  }
}

/** Null for what is no row, after it has been reported. */
async function* readAnyRows(
  file: InputFile,
  required: readonly string[],
  context: RowContext,
): AsyncGenerator<Row | null> {
  if (file.format === 'parquet') {
    for await (const { row } of readParquetRows(file)) yield row as Row;
    return;
  }
  const start = await firstCharacter(file);
  if (start === '[') yield* readJsonArray(file, context);
  else if (start === '{') yield* readJsonLines(file, context);
  else yield* readCsvRows(file, required, context);
}

async function* readCsvRows(
  file: InputFile,
  required: readonly string[],
  context: RowContext,
): AsyncGenerator<Row | null> {
  const { parse } = await import('csv-parse');
  await checkHeaderLength(file);
  let skipped = 0;
  const parser = parse({
    bom: true,
    columns: (header: string[]) => checkedHeader(file, header, required),
    max_record_size: MAX_CSV_RECORD_CHARACTERS,
    skip_records_with_error: true,
    on_skip: (error) => {
      skipped++;
      dropMalformed(context, `${file.name}: rows that are not CSV were dropped; the first: ${describeError(error)}`);
      return undefined;
    },
  });
  // pipeline() hands errors of the file on to the parser, whose iteration throws them.
  yield* pipeline(Readable.from(readText(file)), parser, () => {}) as AsyncIterable<Row>;
  for (; skipped > 0; skipped--) yield null;
}

/** The parser would go on looking for the end of the first line at a few megabytes a second. */
async function checkHeaderLength(file: InputFile): Promise<void> {
  let characters = 0;
  for await (const text of readText(file)) {
    if (/[\r\n]/.test(text)) return;
    characters += text.length;
    if (characters <= MAX_CSV_HEADER_CHARACTERS) continue;
    const found = `got more than ${MAX_CSV_HEADER_CHARACTERS} characters without an end`;
    throw new DataError('INPUT_INVALID', `${file.name}:1: expected a line with the names of columns, ${found}`);
  }
}

function checkedHeader(file: InputFile, header: string[], required: readonly string[]): string[] {
  const missing = required.filter((column) => !header.includes(column));
  if (missing.length === 0) return header;
  throw new DataError(
    'INPUT_INVALID',
    `${file.name}:1: expected the columns ${required.join(', ')}, got ${someOf(header)}; missing: ${missing.join(', ')}`,
  );
}

/** A broken header may have any number of columns of any length. */
function someOf(header: readonly string[]): string {
  const shown = header.slice(0, 50).map((column) => column.slice(0, 60));
  return shown.join(', ') + (header.length > shown.length ? ` and ${header.length - shown.length} more` : '');
}

async function* readJsonLines(file: InputFile, context: RowContext): AsyncGenerator<Row | null> {
  for await (const { number, text } of readTextLines(file)) {
    yield checkedRow(parseJson(text), `${file.name}:${number}`, context);
  }
}

/** Publishers' arrays are small; what is not has to come as lines. */
async function* readJsonArray(file: InputFile, context: RowContext): AsyncGenerator<Row | null> {
  let text = '';
  for await (const piece of readText(file)) {
    text += piece;
    if (text.length <= MAX_JSON_ARRAY_CHARACTERS) continue;
    throw new DataError(
      'INPUT_INVALID',
      `${file.name}: expected a JSON array of at most ${MAX_JSON_ARRAY_CHARACTERS} characters; turn it into one object per ` +
        "line, which is streamed: jq -c '.[]'",
    );
  }
  const array = parseJson(text);
  if (!Array.isArray(array))
    throw new DataError('INPUT_INVALID', `${file.name}: expected a JSON array, got broken JSON`);
  for (const [index, value] of array.entries()) yield checkedRow(value, `${file.name}[${index}]`, context);
}

/** The attributes of every `<row .../>` element. @throws DataError INPUT_INVALID where the file is not XML */
export async function* readXmlRows(file: InputFile, context: RowContext): AsyncGenerator<Record<string, string>> {
  const { SaxesParser } = await import('saxes');
  const parser = new SaxesParser();
  const rows: Record<string, string>[] = [];
  parser.on('opentag', ({ name, attributes }) => {
    if (name === 'row') rows.push(attributes);
  });
  for await (const text of readText(file)) {
    parseXml(file, () => parser.write(text));
    for (const row of rows.splice(0)) {
      context.onRow();
      yield row;
    }
  }
  parseXml(file, () => parser.close());
}

async function firstCharacter(file: InputFile): Promise<string> {
  for await (const text of readText(file)) {
    const start = text.trimStart();
    if (start !== '') return start[0]!;
  }
  return '';
}

/** The file's text, piece by piece, without its byte order mark. */
async function* readText(file: InputFile): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (bytes?: Buffer) => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch (error) {
      throw new DataError('INPUT_INVALID', `${file.name}: expected UTF-8 text, got bytes that are not`, {
        cause: error,
      });
    }
  };
  for await (const chunk of readBytes(file)) yield decode(chunk);
  yield decode();
}

function parseXml(file: InputFile, step: () => void): void {
  try {
    step();
  } catch (error) {
    throw new DataError('INPUT_INVALID', `${file.name}: expected XML: ${describeError(error)}`, { cause: error });
  }
}

function parseJson(text: string): unknown {
  try {
    return parseForeignJson(text, { keepsSurrogates: true });
  } catch {
    return undefined;
  }
}

function checkedRow(value: unknown, place: string, context: RowContext): Row | null {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Row;
  dropMalformed(context, `${place}: expected a JSON object; such rows were dropped`);
  return null;
}

function dropMalformed(context: RowContext, message: string): void {
  context.warn('MALFORMED_ROWS', message);
  context.drop('malformed-row');
}

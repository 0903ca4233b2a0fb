/** Records of raw files: CSV, JSONL, Parquet and XML, streamed. */
import { pipeline, Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { SaxesParser } from 'saxes';
import { DataError, describeError } from '../../errors.js';
import { type InputFile, readBytes } from '../input.js';
import { readTextLines } from '../lines.js';
import { readParquetRows } from '../parquet.js';
import type { ImportContext } from './adapter.js';

/** A record's fields by name. */
export type Row = Record<string, unknown>;

/** A longer CSV record is a quote that was never closed. */
const MAX_CSV_RECORD_CHARACTERS = 16 * 1024 * 1024;

/**
 * The rows of a CSV file with a header line; every value a string. Rows that are not CSV are dropped and counted.
 * @throws DataError INPUT_INVALID when the header lacks one of `required`
 */
export async function* readCsvRows(
  file: InputFile,
  required: readonly string[],
  context: ImportContext,
): AsyncGenerator<Record<string, string>> {
  const parser = parse({
    bom: true,
    columns: (header: string[]) => checkedHeader(file, header, required),
    max_record_size: MAX_CSV_RECORD_CHARACTERS,
    skip_records_with_error: true,
    on_skip: (error) => {
      context.drop('malformed-row');
      context.warn(
        'MALFORMED_ROWS',
        `${file.name}: rows that are not CSV were dropped; the first: ${describeError(error)}`,
      );
      return undefined;
    },
  });
  // pipeline() hands errors of the file on to the parser, whose iteration throws them.
  yield* pipeline(Readable.from(readText(file)), parser, () => {}) as AsyncIterable<Record<string, string>>;
}

function checkedHeader(file: InputFile, header: string[], required: readonly string[]): string[] {
  const missing = required.filter((column) => !header.includes(column));
  if (missing.length === 0) return header;
  throw new DataError(
    'INPUT_INVALID',
    `${file.name}:1: expected the columns ${required.join(', ')}, got ${header.join(', ')}; missing: ${missing.join(', ')}`,
  );
}

/** One object per line. Lines that are not are dropped and counted. */
export async function* readJsonRows(file: InputFile, context: ImportContext): AsyncGenerator<Row> {
  for await (const { number, text } of readTextLines(file)) {
    const row = parseObject(text);
    if (row !== null) yield row;
    else {
      context.drop('malformed-row');
      context.warn('MALFORMED_ROWS', `${file.name}:${number}: expected one JSON object; such lines were dropped`);
    }
  }
}

/** The attributes of every `<row .../>` element. @throws DataError INPUT_INVALID where the file is not XML */
export async function* readXmlRows(file: InputFile): AsyncGenerator<Record<string, string>> {
  const parser = new SaxesParser();
  const rows: Record<string, string>[] = [];
  parser.on('opentag', ({ name, attributes }) => {
    if (name === 'row') rows.push(attributes);
  });
  for await (const text of readText(file)) {
    parseXml(file, () => parser.write(text));
    yield* rows.splice(0);
  }
  parseXml(file, () => parser.close());
}

/** CSV, JSONL or Parquet, told apart by their content. */
export async function* readRows(
  file: InputFile,
  required: readonly string[],
  context: ImportContext,
): AsyncGenerator<Row> {
  if (file.format === 'parquet') {
    for await (const { row } of readParquetRows(file)) yield row as Row;
  } else if (await startsWithBrace(file)) yield* readJsonRows(file, context);
  else yield* readCsvRows(file, required, context);
}

async function startsWithBrace(file: InputFile): Promise<boolean> {
  for await (const text of readText(file)) {
    const start = text.trimStart();
    if (start !== '') return start.startsWith('{');
  }
  return false;
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

function parseObject(text: string): Row | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Row) : null;
  } catch {
    return null;
  }
}

/** Where the queries of a log come from: files of lines, Parquet files, memory. */
import { createReadStream } from 'node:fs';
import { type InputFile, readBytes, requireUnchanged } from './input.js';
import { decodeLine, type LinePlace, splitLines } from './lines.js';
import { readParquetRows } from './parquet.js';
import type { Slate } from './slate.js';

/** One query of the input before it is known to be one. */
export interface RawQuery {
  /** File and line, for messages. */
  where: string;
  /** Line or row, from 1. */
  number: number;
  /** Where a pass can begin with it; null where it cannot. */
  place: LinePlace | null;
  /** Share of this file that has been read. */
  fraction: number;
  /** @throws DataError LOG_INVALID, LOG_LINE_TOO_LONG */
  slate(): Slate;
  /** What to keep of it when it is bad. */
  text(): string;
}

/** Where queries come from: a file or an array. */
export interface Source {
  name: string;
  /** Beside which file bad lines go; null where there is no such place. */
  invalidFile: string | null;
  /** All, or those from a place that a query of this source had. */
  queries(from?: LinePlace): AsyncIterable<RawQuery>;
  hashInto(hash: { update(bytes: string | Uint8Array): void }): Promise<void>;
}

export function fileSource(file: InputFile, maxLineBytes: number): Source {
  return {
    name: file.name,
    invalidFile: file.path === file.name ? `${file.name}.invalid.jsonl` : 'standard-input.invalid.jsonl',
    queries: (from) => (file.format === 'parquet' ? parquetQueries(file) : lineQueries(file, maxLineBytes, from)),
    async hashInto(hash) {
      await requireUnchanged(file);
      for await (const chunk of createReadStream(file.path)) hash.update(chunk as Buffer);
      await requireUnchanged(file);
    },
  };
}

/** With the first query rather than with the package: the library of schemas takes longer to load than all else together. */
function loadSchema() {
  return import('./schema.js');
}

async function* lineQueries(file: InputFile, maxLineBytes: number, from?: LinePlace): AsyncGenerator<RawQuery> {
  const { parseSlate } = await loadSchema();
  let stored = 0;
  const onStoredBytes = (total: number) => {
    stored = total;
  };
  const canBeginLate = file.format === 'text';
  for await (const line of splitLines(readBytes(file, onStoredBytes, from?.byte), maxLineBytes, from)) {
    if (line.length === line.bytes.length && line.bytes.every(isBlank)) continue;
    const where = `${file.name}:${line.number}`;
    yield {
      where,
      number: line.number,
      place: canBeginLate ? { line: line.number, byte: line.byte } : null,
      fraction: stored / file.size,
      slate: () => parseSlate(decodeLine(line, file), where),
      text: () => line.bytes.toString('utf8'),
    };
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}

async function* parquetQueries(file: InputFile): AsyncGenerator<RawQuery> {
  const { validateSlate } = await loadSchema();
  let number = 0;
  for await (const { row, fraction } of readParquetRows(file)) {
    number++;
    const where = `${file.name}:${number}`;
    const slate = () => validateSlate(row, where);
    yield { where, number, place: null, fraction, slate, text: () => JSON.stringify(row) };
  }
}

export function memorySource(slates: readonly Slate[]): Source {
  return {
    name: 'slates',
    invalidFile: null,
    async *queries() {
      const { validateSlate } = await loadSchema();
      for (const [index, slate] of slates.entries()) {
        const where = `slates:${index + 1}`;
        yield {
          where,
          number: index + 1,
          place: null,
          fraction: index / slates.length,
          slate: () => validateSlate(slate, where),
          text: () => JSON.stringify(slate),
        };
      }
    },
    async hashInto(hash) {
      for (const slate of slates) hash.update(`${JSON.stringify(slate)}\n`);
    },
  };
}

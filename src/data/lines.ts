/** Lines of text files of any size, in memory bounded by the longest line that is allowed. */
import { DataError } from '../errors.js';
import { type InputFile, readBytes } from './input.js';
import { readParquetRows } from './parquet.js';

/** Far above any slate (a thousand responses of ten thousand characters are 10 MB), far below what a process can hold. */
export const DEFAULT_MAX_LINE_BYTES = 64 * 1024 * 1024;

/** Of an over-long line this much is kept, to show what it was. */
const KEPT_OF_LONG_LINE = 64 * 1024;

/** Where a line begins. */
export interface LinePlace {
  /** From 1, empty lines counted. */
  line: number;
  /** Bytes of the content before it. */
  byte: number;
}

const BEGINNING: LinePlace = { line: 1, byte: 0 };

export interface Line {
  /** From 1, empty lines counted. */
  number: number;
  /** Bytes of the content before it. */
  byte: number;
  /** Without the line end; only the beginning when the line is longer than allowed. */
  bytes: Buffer;
  /** Length of the line in bytes; of one that is too long as far as it was read. */
  length: number;
}

/**
 * Cuts a stream of bytes at line feeds; empty lines are counted, but not given. A byte order mark at the start and carriage returns before line feeds go. A line that is too
 * long comes as soon as that is known, and what it has more is passed over.
 *
 * @param from the place of the first of the chunks, where that is not the beginning
 */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  maxBytes: number = DEFAULT_MAX_LINE_BYTES,
  from: LinePlace = BEGINNING,
): AsyncGenerator<Line> {
  for await (const lines of linesOfChunks(chunks, maxBytes, from)) yield* lines;
}

/** The same with one array per chunk: to wait for every line takes longer than to cut it. */
async function* linesOfChunks(
  chunks: AsyncIterable<Buffer>,
  maxBytes: number,
  from: LinePlace = BEGINNING,
): AsyncGenerator<Line[]> {
  const pieces = new LinePieces(maxBytes, from);
  let { byte } = from;
  for await (const chunk of chunks) {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      if (end > start) pieces.add(chunk.subarray(start, end));
      if (pieces.length > 0 && !pieces.given) {
        const line = pieces.take();
        if (line.length > 0) lines.push(line);
      }
      start = end + 1;
      pieces.next(byte + start);
    }
    pieces.add(chunk.subarray(start));
    byte += chunk.length;
    if (pieces.length > maxBytes && !pieces.given) lines.push(pieces.take());
    yield lines;
  }
  if (pieces.length === 0 || pieces.given) return;
  const line = pieces.take();
  if (line.length > 0) yield [line];
}

/** The text of a line. @throws DataError <kind>_LINE_TOO_LONG, <kind>_INVALID */
export function decodeLine(line: Line, file: Pick<InputFile, 'kind' | 'name'>): string {
  const where = `${file.name}:${line.number}`;
  if (line.length > line.bytes.length) {
    throw new DataError(
      `${file.kind}_LINE_TOO_LONG`,
      `${where}: the line has ${line.length} bytes or more, which is more than a line may have; is this one JSON object per line?`,
    );
  }
  try {
    return UTF8.decode(line.bytes);
  } catch (error) {
    throw new DataError(`${file.kind}_INVALID`, `${where}: expected UTF-8 text, got bytes that are not`, {
      cause: error,
    });
  }
}

export interface TextLine {
  number: number;
  text: string;
}

/** All lines of a file that are not blank, decoded: for score files, generations and raw JSONL. A row of Parquet is a line too. */
export async function* readTextLines(file: InputFile): AsyncGenerator<TextLine> {
  for await (const lines of readTextLineBatches(file)) yield* lines;
}

/** The same with many lines at a time. They are decoded when they are asked for, so that a bad line comes after those before it. */
export async function* readTextLineBatches(file: InputFile): AsyncGenerator<Iterable<TextLine>> {
  if (file.format === 'parquet') {
    let number = 0;
    for await (const { row } of readParquetRows(file)) yield [{ number: ++number, text: JSON.stringify(row) }];
    return;
  }
  for await (const lines of linesOfChunks(readBytes(file), DEFAULT_MAX_LINE_BYTES)) yield textLines(lines, file);
}

function* textLines(lines: readonly Line[], file: InputFile): Generator<TextLine> {
  for (const line of lines) {
    const text = decodeLine(line, file);
    if (text.trim() !== '') yield { number: line.number, text };
  }
}

// The byte order mark is taken off the file, not off every line.
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** The line being read, as pieces of chunks. */
class LinePieces {
  /** Bytes of the line so far. */
  length = 0;
  /** Whether the line has been taken before its end. */
  given = false;
  readonly #maxBytes: number;
  #number: number;
  #byte: number;
  #pieces: Buffer[] = [];

  constructor(maxBytes: number, { line, byte }: LinePlace) {
    this.#maxBytes = maxBytes;
    this.#number = line;
    this.#byte = byte;
  }

  add(piece: Buffer): void {
    this.length += piece.length;
    if (this.given) return;
    if (this.length <= this.#maxBytes) this.#pieces.push(piece);
    else this.#pieces = [Buffer.concat([...this.#pieces, piece], Math.min(KEPT_OF_LONG_LINE, this.#maxBytes))];
  }

  take(): Line {
    let bytes = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
    let { length } = this;
    this.given = true;
    this.#pieces = [];
    if (this.#number === 1 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK)) {
      bytes = bytes.subarray(3);
      length -= 3;
    }
    if (length === bytes.length && bytes.at(-1) === 0x0d) {
      bytes = bytes.subarray(0, -1);
      length--;
    }
    return { number: this.#number, byte: this.#byte, bytes, length };
  }

  /** Begins the next line, before which there are so many bytes. */
  next(byte: number): void {
    this.#number++;
    this.#byte = byte;
    if (this.length === 0) return;
    this.#pieces = [];
    this.length = 0;
    this.given = false;
  }
}

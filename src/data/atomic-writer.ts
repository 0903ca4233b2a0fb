import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { TemporaryFile } from '../files/atomic.js';
import { OutputLock } from '../files/lock.js';
import { ParquetColumns } from './parquet-columns.js';
import { linesToParquet } from './parquet-writer.js';

const compress = promisify(gzip);

/** Characters gathered before they are written (and, for .gz, compressed as one gzip member). */
const BATCH_CHARACTERS = 1 << 20;

/**
 * Writes a file of objects atomically, one by one, in bounded memory: JSONL, compressed when the name ends in `.gz`; Parquet
 * when it ends in `.parquet`, of which the columns are known at the end only.
 * Nothing is visible under `path` before `commit()`; `abort()` (also after a failed call) leaves no trace. Until then no other process
 * writes there.
 */
export class AtomicWriter {
  readonly #path: string;
  readonly #file: TemporaryFile;
  readonly #lock: OutputLock | null;
  readonly #compressed: boolean;
  readonly #columns: ParquetColumns | null;
  #pending: string[] = [];
  #pendingCharacters = 0;
  #lines = 0;

  private constructor(path: string, file: TemporaryFile, lock: OutputLock | null) {
    this.#path = path;
    this.#file = file;
    this.#lock = lock;
    this.#compressed = path.endsWith('.gz');
    this.#columns = path.endsWith('.parquet') ? new ParquetColumns() : null;
  }

  /**
   * Opens the temporary file of an output.
   *
   * @param options `locks: false` where the caller holds the lock of the output, or it needs none
   * @throws UsageError OUTPUT_NOT_A_FILE, OUTPUT_NOT_WRITABLE, OUTPUT_LOCKED
   */
  static async create(path: string, { locks = true } = {}): Promise<AtomicWriter> {
    const lock = locks ? await OutputLock.ofFile(path) : null;
    try {
      return new AtomicWriter(path, await TemporaryFile.create(path), lock);
    } catch (error) {
      await lock?.release();
      throw error;
    }
  }

  /** Lines written so far. */
  get lines(): number {
    return this.#lines;
  }

  /**
   * Appends one object as one line of JSON; await it, so that a slow disk slows the producer down.
   *
   * @throws UsageError PARQUET_TYPES where a Parquet column would have two types
   */
  async line(value: object): Promise<void> {
    this.#columns?.observe(value);
    const text = JSON.stringify(value);
    this.#pending.push(text, '\n');
    this.#pendingCharacters += text.length + 1;
    this.#lines++;
    if (this.#pendingCharacters >= BATCH_CHARACTERS) await this.#flush();
  }

  /** Makes the file visible under its name, on disk. */
  async commit(): Promise<void> {
    // An empty gzip file needs a member too, or it would not be gzip.
    if (this.#pending.length > 0 || (this.#compressed && this.#lines === 0)) await this.#flush();
    if (this.#columns === null) await this.#file.commit();
    else {
      await writeParquet(this.#path, this.#file.temporary, this.#columns);
      await this.#file.abort();
    }
    await this.#lock?.release();
  }

  /** Throws the file away; does nothing after `commit()`. */
  async abort(): Promise<void> {
    await this.#file.abort();
    await this.#lock?.release();
  }

  async #flush(): Promise<void> {
    const batch = this.#pending.join('');
    this.#pending = [];
    this.#pendingCharacters = 0;
    // A gzip file is a sequence of members, so each batch is compressed on its own.
    await this.#file.write(this.#compressed ? await compress(batch) : batch);
  }
}

/**
 * Writes a whole file of objects, one per line, as `AtomicWriter` does.
 *
 * @param options `locks` and `onLine`, which hears how many lines there are after each
 * @returns the number of lines
 */
export async function writeLines(
  path: string,
  lines: Iterable<object> | AsyncIterable<object>,
  { locks = true, onLine }: { locks?: boolean; onLine?: (lines: number) => void } = {},
): Promise<number> {
  const writer = await AtomicWriter.create(path, { locks });
  try {
    for await (const line of lines) {
      await writer.line(line);
      onLine?.(writer.lines);
    }
    await writer.commit();
    return writer.lines;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** Writes the lines of a file as Parquet, atomically. */
async function writeParquet(path: string, lines: string, columns: ParquetColumns): Promise<void> {
  const file = await TemporaryFile.create(path);
  try {
    await linesToParquet(lines, columns, (bytes) => file.write(bytes));
    await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}

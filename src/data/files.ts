/**
 * Atomic output files. A file written here is either the complete new one or, after a failure or a kill, the old one:
 * the bytes go to a temporary file in the same folder, are forced to disk, and only then take the final name.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { describeError, PopeError, UsageError } from '../errors.js';
import { ParquetColumns } from './parquet-columns.js';
import { linesToParquet } from './parquet-writer.js';

const compress = promisify(gzip);

/** Characters gathered before they are written (and, for .gz, compressed as one gzip member). */
const BATCH_CHARACTERS = 1 << 20;

/** Writes a whole file atomically. Folders on the way are created. */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  await writePartsAtomic(path, [content]);
}

/** The same for content in parts, which need not be in memory together. */
export async function writePartsAtomic(
  path: string,
  parts: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
): Promise<void> {
  const file = await TemporaryFile.create(path);
  try {
    for await (const part of parts) await file.write(part);
    await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}

/**
 * Writes a file of objects atomically, one by one, in bounded memory: JSONL, compressed when the name ends in `.gz`; Parquet
 * when it ends in `.parquet`, of which the columns are known at the end only.
 * Nothing is visible under `path` before `commit()`; `abort()` (also after a failed call) leaves no trace.
 */
export class AtomicWriter {
  readonly #path: string;
  readonly #file: TemporaryFile;
  readonly #compressed: boolean;
  readonly #columns: ParquetColumns | null;
  #pending: string[] = [];
  #pendingCharacters = 0;
  #lines = 0;

  private constructor(path: string, file: TemporaryFile) {
    this.#path = path;
    this.#file = file;
    this.#compressed = path.endsWith('.gz');
    this.#columns = path.endsWith('.parquet') ? new ParquetColumns() : null;
  }

  /** @throws UsageError OUTPUT_NOT_A_FILE, OUTPUT_NOT_WRITABLE */
  static async create(path: string): Promise<AtomicWriter> {
    return new AtomicWriter(path, await TemporaryFile.create(path));
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
    if (this.#columns === null) return this.#file.commit();
    await writeParquet(this.#path, this.#file.temporary, this.#columns);
    await this.#file.abort();
  }

  /** Throws the file away; does nothing after `commit()`. */
  async abort(): Promise<void> {
    await this.#file.abort();
  }

  async #flush(): Promise<void> {
    const batch = this.#pending.join('');
    this.#pending = [];
    this.#pendingCharacters = 0;
    // A gzip file is a sequence of members, so each batch is compressed on its own.
    await this.#file.write(this.#compressed ? await compress(batch) : batch);
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

/** A file on its way to its final name. */
class TemporaryFile {
  readonly #path: string;
  /** Its name until then. */
  readonly temporary: string;
  readonly #handle: FileHandle;
  #finished = false;

  private constructor(path: string, temporary: string, handle: FileHandle) {
    this.#path = path;
    this.temporary = temporary;
    this.#handle = handle;
  }

  static async create(path: string): Promise<TemporaryFile> {
    const target = await resolveTarget(path);
    const temporary = join(
      dirname(target),
      `.${basename(target)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`,
    );
    try {
      await mkdir(dirname(target), { recursive: true });
      return new TemporaryFile(target, temporary, await open(temporary, 'wx'));
    } catch (error) {
      throw new UsageError('OUTPUT_NOT_WRITABLE', `${path}: cannot write there: ${describeError(error)}`, {
        cause: error,
      });
    }
  }

  async write(content: string | Uint8Array): Promise<void> {
    try {
      // FileHandle.writeFile writes on from the current position and retries short writes.
      await this.#handle.writeFile(content);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async commit(): Promise<void> {
    try {
      await this.#handle.sync();
      await this.#handle.close();
      await rename(this.temporary, this.#path);
      this.#finished = true;
      await syncFolder(dirname(this.#path));
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async abort(): Promise<void> {
    if (this.#finished) return;
    this.#finished = true;
    await this.#handle.close();
    await rm(this.temporary, { force: true });
  }

  #failure(error: unknown): PopeError {
    return new PopeError('WRITE_FAILED', `${this.#path}: writing failed: ${describeError(error)}`, {
      cause: error,
    });
  }
}

/** Follows symbolic links and refuses devices, pipes and folders, which a rename would replace or fail on. */
async function resolveTarget(path: string): Promise<string> {
  try {
    const target = await realpath(path);
    const status = await stat(target);
    if (!status.isFile()) {
      const what = status.isDirectory() ? 'a folder' : 'a device or pipe';
      throw new UsageError('OUTPUT_NOT_A_FILE', `${path}: expected a file name to write to, got ${what}`);
    }
    return target;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return path;
    if (error instanceof PopeError) throw error;
    throw new UsageError('OUTPUT_NOT_WRITABLE', `${path}: cannot write there: ${describeError(error)}`, {
      cause: error,
    });
  }
}

/** Forces the rename itself to disk. Windows cannot open a folder; there the rename is all one can do. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

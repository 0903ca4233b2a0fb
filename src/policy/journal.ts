import { existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describeError, UsageError } from '../errors.js';

/** Bytes that are read at a time in search of the end of the last whole line. */
const CHUNK = 1 << 16;

/** Path of the journal that belongs to an output file. */
export function journalPath(output: string): string {
  return `${output}.partial`;
}

/** The lines of an unfinished run, appended beside the file that they are for. */
export class Journal {
  readonly #path: string;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Opens the journal of an output file for more.
   *
   * @param read takes what is there of earlier runs: called with the output file, if it exists, and then with the journal
   * @throws UsageError OUTPUT_NOT_WRITABLE; what `read` throws
   */
  static async open(output: string, read: (path: string) => Promise<void>): Promise<Journal> {
    const path = journalPath(output);
    if (existsSync(output)) await read(output);
    const file = await openForAppend(path);
    try {
      await cutTornLine(file);
      await read(path);
      return new Journal(path, file);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async append(lines: readonly object[]): Promise<void> {
    await this.#file.appendFile(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }

  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  /** Leaves no empty file behind. */
  async close(): Promise<void> {
    const { size } = await this.#file.stat();
    await this.#file.close();
    if (size === 0) await this.remove();
  }
}

async function openForAppend(path: string): Promise<FileHandle> {
  try {
    await mkdir(dirname(path), { recursive: true });
    return await open(path, 'a+');
  } catch (error) {
    throw new UsageError('OUTPUT_NOT_WRITABLE', `${path}: cannot write there: ${describeError(error)}`, {
      cause: error,
    });
  }
}

/** A kill can cut the last line short; what is before it is good. */
async function cutTornLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  let end = 0;
  for (let stop = size; stop > 0 && end === 0; stop -= CHUNK) {
    const start = Math.max(0, stop - CHUNK);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(stop - start), 0, stop - start, start);
    const lineFeed = buffer.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (lineFeed >= 0) end = start + lineFeed + 1;
  }
  if (end < size) await file.truncate(end);
}

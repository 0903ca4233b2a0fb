import { existsSync } from 'node:fs';
import { type FileHandle, rm } from 'node:fs/promises';
import { openForAppend } from '../files/append.js';
import { writing } from '../files/atomic.js';
import { OutputLock } from '../files/lock.js';

/** Path of the journal that belongs to an output file. */
export function journalPath(output: string): string {
  return `${output}.partial`;
}

/** The lines of an unfinished run, appended beside the file that they are for, which it locks. */
export class Journal {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #lock: OutputLock;

  private constructor(path: string, file: FileHandle, lock: OutputLock) {
    this.#path = path;
    this.#file = file;
    this.#lock = lock;
  }

  /**
   * Opens the journal of an output file for more.
   *
   * @param read takes what is there of earlier runs: called with the output file, if it exists, and then with the journal
   * @throws UsageError OUTPUT_NOT_WRITABLE, OUTPUT_LOCKED; what `read` throws
   */
  static async open(output: string, read: (path: string) => Promise<void>): Promise<Journal> {
    const path = journalPath(output);
    const lock = await OutputLock.ofFile(output);
    let file: FileHandle | undefined;
    try {
      if (existsSync(output)) await read(output);
      file = await openForAppend(path);
      await read(path);
      return new Journal(path, file, lock);
    } catch (error) {
      await file?.close();
      await lock.release();
      throw error;
    }
  }

  /** @throws PopeError WRITE_FAILED */
  async append(lines: readonly object[]): Promise<void> {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    await writing(this.#path, this.#file.appendFile(text));
  }

  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  /** Leaves no empty file behind. */
  async close(): Promise<void> {
    const { size } = await this.#file.stat();
    await this.#file.close();
    if (size === 0) await this.remove();
    await this.#lock.release();
  }
}

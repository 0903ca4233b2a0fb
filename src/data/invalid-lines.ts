import { DataError } from '../errors.js';
import { AtomicWriter } from './atomic-writer.js';
import type { Slate } from './slate.js';
import type { RawQuery } from './sources.js';

/** The bad lines of one file: thrown, or kept in its side file, one object {line, error, text} each. */
export class InvalidLines {
  count = 0;
  readonly #path: string | null;
  readonly #skip: boolean;
  #writer: AtomicWriter | null = null;

  constructor(path: string | null, skip: boolean) {
    this.#path = path;
    this.#skip = skip;
  }

  /** The slate, or null when it was bad and bad lines are skipped. */
  async guard(query: RawQuery, read: () => Slate): Promise<Slate | null> {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof DataError) || !this.#skip || this.#path === null) throw error;
      this.count++;
      this.#writer ??= await AtomicWriter.create(this.#path, { locks: false }); // Several may read one log.
      await this.#writer.line({ line: query.number, error: error.message, text: query.text() });
      return null;
    }
  }

  /** Makes the side file visible, if there were bad lines. */
  async commit(): Promise<string[]> {
    if (this.#writer === null || this.#path === null) return [];
    await this.#writer.commit();
    return [this.#path];
  }

  async abort(): Promise<void> {
    await this.#writer?.abort();
  }
}

/** Rows on disk beside the log that they will become: files by a hash of the key, kept until the import has finished. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { appendFile, mkdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic, writing } from '../../files/atomic.js';
import { reading } from '../../files/text.js';
import { splitLines } from '../lines.js';

/** Each is grouped in memory on its own, so twenty gigabytes of rows take 80 MB at a time. */
const PARTITIONS = 256;

/** How far the raw files have been read into the partitions. */
export interface SpillPosition<Counts> {
  /** Index of the raw file, and how many of its rows are there. */
  file: number;
  rows: number;
  /** What had been counted when that file began. */
  counts: Counts;
}

/** What `state.json` holds. */
interface State<Counts> {
  /** Of the import that this belongs to. */
  identity: string;
  position: SpillPosition<Counts>;
  /** Bytes of each partition that belong to it; what comes after them was being written when the import was stopped. */
  bytes: number[];
}

export class Spill<Counts = unknown> {
  readonly #folder: string;
  readonly #identity: string;
  readonly #bytes: number[];
  #position: SpillPosition<Counts> | null;

  private constructor(folder: string, identity: string, state: State<Counts> | null) {
    this.#folder = folder;
    this.#identity = identity;
    this.#bytes = state?.bytes ?? new Array<number>(PARTITIONS).fill(0);
    this.#position = state?.position ?? null;
  }

  /** Goes on with what an import of this identity has left in the folder; what any other has left is removed. */
  static async open<Counts>(folder: string, identity: string): Promise<Spill<Counts>> {
    const state = await readState<Counts>(folder, identity);
    if (state === null) await rm(folder, { recursive: true, force: true });
    return new Spill(folder, identity, state);
  }

  /** How far it goes; null when there is nothing on disk. */
  get position(): SpillPosition<Counts> | null {
    return this.#position;
  }

  /** Appends lines, JSON arrays of which the first item is the key. After a kill it goes on from the last `add` that ended. */
  async add(lines: readonly string[], position: SpillPosition<Counts>): Promise<void> {
    if (this.#position === null) await writing(this.#folder, mkdir(this.#folder, { recursive: true }));
    const parts: string[][] = Array.from({ length: PARTITIONS }, () => []);
    for (const line of lines) {
      const [key] = JSON.parse(line) as [string, unknown];
      parts[createHash('sha256').update(key).digest()[0]!]!.push(line, '\n');
    }
    for (const [index, part] of parts.entries()) {
      if (part.length === 0) continue;
      const bytes = Buffer.from(part.join(''));
      await writing(this.#path(index), appendFile(this.#path(index), bytes));
      this.#bytes[index]! += bytes.length;
    }
    const state: State<Counts> = { identity: this.#identity, position, bytes: this.#bytes };
    await writeFileAtomic(join(this.#folder, 'state.json'), JSON.stringify(state));
    this.#position = position;
  }

  /** The lines of each partition, one partition after the other. */
  async *partitions(): AsyncGenerator<string[]> {
    for (const [index, size] of this.#bytes.entries()) {
      if (size === 0) continue;
      const lines: string[] = [];
      const path = this.#path(index);
      const read = async () => {
        for await (const { bytes } of splitLines(createReadStream(path), Number.POSITIVE_INFINITY)) {
          lines.push(bytes.toString('utf8'));
        }
      };
      await reading(path, read());
      yield lines;
    }
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  #path(index: number): string {
    return join(this.#folder, String(index));
  }
}

/** Null when there is none of this identity, or when it is not whole: then it is made again. */
async function readState<Counts>(folder: string, identity: string): Promise<State<Counts> | null> {
  try {
    const state = JSON.parse(await readFile(join(folder, 'state.json'), 'utf8')) as State<Counts>;
    if (state.identity !== identity) return null;
    for (const [index, bytes] of state.bytes.entries()) {
      if (bytes === 0) {
        await rm(join(folder, String(index)), { force: true });
        continue;
      }
      const path = join(folder, String(index));
      if ((await stat(path)).size < bytes) return null;
      await truncate(path, bytes);
    }
    return state;
  } catch {
    return null;
  }
}

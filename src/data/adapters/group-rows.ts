/** Brings together the rows of a query wherever they stand in the raw data, in bounded memory. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { splitLines } from '../lines.js';

/** Characters of rows that are held in memory before they go to temporary files. */
const MAX_CHARACTERS = 256 * 1024 * 1024;

/** Each file is grouped in memory on its own, so twenty gigabytes of rows take 80 MB at a time. */
const PARTITIONS = 256;

/**
 * Groups rows (JSON values) by key, in the order in which keys first appear as long as everything fits into
 * `maxCharacters`; beyond that rows are spread over temporary files by a hash of their key, and the groups come file by
 * file. Either way the order depends on the rows alone.
 */
export async function* groupRows<T>(
  rows: AsyncIterable<readonly [key: string, row: T]>,
  maxCharacters: number = MAX_CHARACTERS,
): AsyncGenerator<[key: string, rows: T[]]> {
  let pending: string[] = [];
  let characters = 0;
  let partitions: Partitions | null = null;
  try {
    for await (const keyed of rows) {
      const line = JSON.stringify(keyed);
      pending.push(line);
      characters += line.length;
      if (characters <= maxCharacters) continue;
      partitions ??= await Partitions.create();
      await partitions.add(pending);
      pending = [];
      characters = 0;
    }
    if (partitions === null) yield* grouped<T>(pending);
    else {
      await partitions.add(pending);
      pending = [];
      for (let index = 0; index < PARTITIONS; index++) yield* grouped<T>(await partitions.lines(index));
    }
  } finally {
    await partitions?.remove();
  }
}

function* grouped<T>(lines: Iterable<string>): Generator<[key: string, rows: T[]]> {
  const linesOfKey = new Map<string, string[]>();
  for (const line of lines) {
    const [key] = JSON.parse(line) as [string, T];
    const group = linesOfKey.get(key);
    if (group === undefined) linesOfKey.set(key, [line]);
    else group.push(line);
  }
  for (const [key, group] of linesOfKey) yield [key, group.map((line) => (JSON.parse(line) as [string, T])[1])];
}

/** Temporary files, one per hash of the key. */
class Partitions {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(): Promise<Partitions> {
    return new Partitions(await mkdtemp(join(tmpdir(), 'pope-import-')));
  }

  async add(lines: readonly string[]): Promise<void> {
    const parts: string[][] = Array.from({ length: PARTITIONS }, () => []);
    for (const line of lines) {
      const [key] = JSON.parse(line) as [string, unknown];
      parts[createHash('sha256').update(key).digest()[0]!]!.push(line, '\n');
    }
    for (const [index, part] of parts.entries()) {
      if (part.length > 0) await appendFile(this.#path(index), part.join(''));
    }
  }

  async lines(index: number): Promise<string[]> {
    const lines: string[] = [];
    try {
      for await (const { bytes } of splitLines(createReadStream(this.#path(index)), Number.POSITIVE_INFINITY)) {
        lines.push(bytes.toString('utf8'));
      }
    } catch (error) {
      // No key had this hash.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    return lines;
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  #path(index: number): string {
    return join(this.#folder, String(index));
  }
}

import { existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openInput } from '../data/input.js';
import { readTextLines } from '../data/lines.js';
import { DataError, describeError, UsageError } from '../errors.js';
import { originDifference, parseScoreLine, type ScoreOrigin, scoreOrigin } from './score-line.js';
import type { ScoreTable } from './score-table.js';

/** No score line is longer, so a torn last line of a journal lies within this. */
const LONGEST_LINE_BYTES = 1 << 16;

/** Path of the journal that belongs to a score file. */
export function journalPath(scores: string): string {
  return `${scores}.partial`;
}

/** The scores of an unfinished run: score lines, appended beside the score file. */
export class ScoreJournal {
  readonly #path: string;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Reads what is there of an earlier run, finished or not, into the table, and opens the journal for more. */
  static async open(scores: string, table: ScoreTable, origin: ScoreOrigin): Promise<ScoreJournal> {
    const path = journalPath(scores);
    if (existsSync(scores)) await readInto(table, scores, origin);
    const file = await openForAppend(path);
    try {
      await cutTornLine(file);
      await readInto(table, path, origin);
      return new ScoreJournal(path, file);
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

async function readInto(table: ScoreTable, path: string, origin: ScoreOrigin): Promise<void> {
  const file = await openInput(path, 'SCORES');
  for await (const { number, text } of readTextLines(file)) {
    const place = `${path}:${number}`;
    const line = parseScoreLine(text, place);
    const difference = originDifference(scoreOrigin(line), origin);
    if (difference !== null) {
      throw new DataError(
        'SCORES_OF_ANOTHER_POLICY',
        `${place}: scores of policy "${line.policy}", but this run scores policy "${origin.policy}": ${difference.field} is ` +
          `${difference.a} there and ${difference.b} here; write to another file, or delete ${path} to score anew`,
      );
    }
    // A later line is a newer score: the journal has those of texts that changed since the file was written.
    table.add(line, place, { replace: true });
  }
}

/** A kill can cut the last line short; what is before it is good. */
async function cutTornLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  const start = Math.max(0, size - LONGEST_LINE_BYTES);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
  const end = start + buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
  if (end < size) await file.truncate(end);
}

import { existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AtomicWriter } from '../data/files.js';
import { openInput } from '../data/input.js';
import { readTextLines } from '../data/lines.js';
import type { Slate } from '../data/slate.js';
import { DataError, describeError, UsageError } from '../errors.js';
import type { BatchPolicy, KeyedSlate } from './batch-policy.js';
import type { ScoreOptions } from './policy.js';
import {
  type FiledScore,
  originDifference,
  parseScoreLine,
  type ScoreOrigin,
  scoreOrigin,
  toScoreLine,
} from './score-line.js';
import { ScoreTable } from './score-table.js';

/** No score line is longer, so a torn last line of a journal lies within this. */
const LONGEST_LINE_BYTES = 1 << 16;

export interface ScoreToFileOptions extends ScoreOptions {
  /** Which slates of the log to score, asked in log order; the others keep the scores that they have. Default: all. */
  selects?: (slate: Slate) => boolean;
}

/** What became of the selected responses. */
export interface ScoreReport {
  queries: number;
  responses: number;
  /** Responses whose score was in the file already. */
  reused: number;
  /** Responses scored now. */
  scored: number;
  /** Of these, responses that had a score of another text. */
  stale: number;
  /** Scores in the file that belong to no response of the log any more; they were left out. */
  dropped: number;
  /** Queries left out because they do not fit the model's context (`--on-overflow skip`). */
  skipped: number;
  /** Responses whose prompt was cut (`--on-overflow truncate`), and the tokens cut in all. */
  truncated: { responses: number; tokens: number };
}

/**
 * Scores a log into a file that is also a cache. New scores are appended, batch by batch, to the journal PATH.partial;
 * when all are there, PATH is written in log order, atomically, and the journal goes. Killed at any moment, the same call
 * goes on where the journal ends, and the final file is byte for byte that of an uninterrupted run.
 *
 * @throws DataError SCORES_OF_ANOTHER_POLICY when the file holds scores of another policy; what the policy throws
 */
export async function scoreToFile<S extends KeyedSlate>(
  policy: BatchPolicy<S>,
  slates: AsyncIterable<Slate>,
  path: string,
  options: ScoreToFileOptions = {},
): Promise<ScoreReport> {
  const { signal, onProgress, selects = () => true } = options;
  const origin: ScoreOrigin = { ...policy.identity, identity: policy.id };
  const table = new ScoreTable();
  const journal = await Journal.open(path, table, origin);
  const order: { query: string; responses: string[] }[] = [];
  const report = emptyReport();
  const done = { queries: 0, responses: 0, tokens: 0 };
  let selected = 0;

  async function* tapped(): AsyncGenerator<Slate> {
    for await (const slate of slates) {
      signal?.throwIfAborted();
      order.push({ query: slate.id, responses: slate.responses.map(({ id }) => id) });
      if (!selects(slate)) continue;
      selected++;
      yield slate;
    }
  }

  try {
    for await (const batch of policy.batches(tapped())) {
      signal?.throwIfAborted();
      const wanted = batch.map((slate) =>
        slate.responses.map(({ id, key }) => table.get(slate.query, id)?.key !== key),
      );
      if (wanted.flat().includes(true)) {
        // The whole batch again, though some of it may be there: its bits are then those of the first run.
        const scores = await policy.scoreBatch(batch, signal === undefined ? {} : { signal });
        const lines = scores.flatMap(({ query, responses }, s) =>
          responses.filter((_, r) => wanted[s]![r]).map((score) => toScoreLine(query, score, origin)),
        );
        await journal.append(lines);
        for (const line of lines) {
          if (table.get(line.query, line.response) !== undefined) report.stale++;
          table.add(line, path, { replace: true });
        }
        report.scored += lines.length;
      }
      for (const slate of batch) {
        done.queries++;
        for (const { id } of slate.responses) count(report, done, table.get(slate.query, id)!);
      }
      onProgress?.(done);
    }
    report.queries = done.queries;
    report.skipped = selected - done.queries;
    report.reused = report.responses - report.scored;
    report.dropped = table.size - (await writeInOrder(path, table, order, origin));
    await journal.remove();
    return report;
  } finally {
    await journal.close();
  }
}

/** Path of the journal that belongs to a score file. */
export function journalPath(path: string): string {
  return `${path}.partial`;
}

/** The scores of an unfinished run: score lines, appended. */
class Journal {
  readonly #path: string;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Reads what is there of an earlier run, finished or not, into the table, and opens the journal for more. */
  static async open(scores: string, table: ScoreTable, origin: ScoreOrigin): Promise<Journal> {
    const path = journalPath(scores);
    if (existsSync(scores)) await readInto(table, scores, origin);
    const file = await openForAppend(path);
    try {
      await cutTornLine(file);
      await readInto(table, path, origin);
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

  async close(): Promise<void> {
    await this.#file.close();
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

/** Writes the scores of all slates that have any, in log order; returns how many. */
async function writeInOrder(
  path: string,
  table: ScoreTable,
  order: readonly { query: string; responses: readonly string[] }[],
  origin: ScoreOrigin,
): Promise<number> {
  const writer = await AtomicWriter.create(path);
  try {
    for (const { query, responses } of order) {
      for (const response of responses) {
        const score = table.get(query, response);
        if (score !== undefined) await writer.line(toScoreLine(query, score, origin));
      }
    }
    await writer.commit();
    return writer.lines;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

function count(
  report: ScoreReport,
  done: { responses: number; tokens: number },
  score: Pick<FiledScore, 'tokens' | 'truncated'>,
): void {
  report.responses++;
  done.responses++;
  done.tokens += score.tokens;
  if (score.truncated === undefined) return;
  report.truncated.responses++;
  report.truncated.tokens += score.truncated;
}

function emptyReport(): ScoreReport {
  return {
    queries: 0,
    responses: 0,
    reused: 0,
    scored: 0,
    stale: 0,
    dropped: 0,
    skipped: 0,
    truncated: { responses: 0, tokens: 0 },
  };
}

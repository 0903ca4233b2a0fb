import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { parquetMetadata } from 'hyparquet/src/metadata.js';
import { FIRST_ROW } from '../data/parquet-writer.js';
import type { LoggedResponse, Slate } from '../data/slate.js';
import type { Split } from '../data/split.js';
import { DataError, describeError, UsageError } from '../errors.js';
import type { Policy, PolicyIdentity, ResponseScore, ScoreOptions, SlateScores } from './policy.js';
import { type FiledScore, parseScoreLine, type ScoreLine, scoreOrigin } from './score-line.js';
import { ScoreTable } from './score-table.js';
import { readScoreLines, ScoreWalk } from './score-walk.js';

/** No score line is longer: ids and hashes are all the text it has. */
const FIRST_LINE_BYTES = 1 << 16;

/**
 * A policy whose scores were computed earlier: the lines of one score file or of several (shards), in any order.
 * Responses are found by query and response id; scores of responses that are not asked for are passed over.
 *
 * The first line is read at once, for the identity; the rest in step with the log, at every use. Lines in another order than the
 * log's are kept in memory whole, for all uses.
 *
 * @throws DataError SCORES_NOT_FOUND, SCORES_EMPTY, SCORES_INVALID; while scoring also SCORES_MIXED, SCORE_DUPLICATE,
 *   SCORE_MISSING and SCORE_MISMATCH
 */
export function scoreFile(paths: string | readonly string[]): ScoreFilePolicy {
  const files = typeof paths === 'string' ? [paths] : paths;
  if (files.length === 0) throw new UsageError('NO_SCORE_FILES', 'expected at least one score file');
  for (const path of files) {
    const line = firstLine(path);
    if (line !== null) return new ScoreFilePolicy(files, line);
  }
  throw new DataError('SCORES_EMPTY', `${files.join(', ')}: expected one score per line, got nothing`);
}

/** Reads score lines into a table; blank lines are passed over. */
export async function readScores(paths: readonly string[], signal?: AbortSignal): Promise<ScoreTable> {
  const table = new ScoreTable();
  for await (const lines of readScoreLines(paths, signal)) {
    for (const { line, place } of lines) table.add(line, place);
  }
  return table;
}

async function readSplits(paths: readonly string[]): Promise<ReadonlyMap<string, Split>> {
  const splits = new Map<string, Split>();
  for await (const lines of readScoreLines(paths)) {
    for (const { line } of lines) if (line.split !== undefined) splits.set(line.query, line.split);
  }
  return splits;
}

/** See `scoreFile`. */
export class ScoreFilePolicy implements Policy {
  readonly id: string;
  readonly identity: PolicyIdentity;
  readonly splitOf: Policy['splitOf'];
  readonly #paths: readonly string[];
  #table: Promise<ScoreTable> | undefined;
  #splits: Promise<ReadonlyMap<string, Split>> | undefined;

  constructor(paths: readonly string[], first: ScoreLine) {
    const { identity: hash, ...identity } = scoreOrigin(first);
    this.id = hash ?? identity.policy;
    this.identity = identity;
    this.#paths = paths;
    // Every line of a policy that was trained says it.
    if (first.split !== undefined) this.splitOf = async ({ id }) => (await this.#splitsOfQueries()).get(id) ?? 'test';
  }

  async *score(slates: AsyncIterable<Slate> | Iterable<Slate>, options: ScoreOptions = {}): AsyncIterable<SlateScores> {
    const { signal } = options;
    let walk = this.#table === undefined ? new ScoreWalk(this.#paths, signal) : null;
    const done = { queries: 0, responses: 0, tokens: 0 };
    try {
      for await (const slate of slates) {
        signal?.throwIfAborted();
        const walked = walk && (await walk.next(slate));
        if (walk !== null && walked === null) {
          await walk.close();
          walk = null;
        }
        const scores = walked ?? this.#lookUp(await this.#load(signal), slate);
        const responses = slate.responses.map((response, k) => this.#checked(scores[k], slate.id, response));
        done.queries++;
        done.responses += responses.length;
        done.tokens += responses.reduce((sum, { tokens }) => sum + tokens, 0);
        options.onProgress?.(done);
        yield { query: slate.id, responses };
      }
      // A table of all lines finds what is wrong.
      if (walk !== null && !(await walk.finish())) await this.#load(signal);
    } finally {
      await walk?.close();
    }
  }

  /** Whether every response of a slate has a score. */
  async covers(slate: Slate, signal?: AbortSignal): Promise<boolean> {
    const table = await this.#load(signal);
    return slate.responses.every(({ id }) => table.get(slate.id, id) !== undefined);
  }

  #load(signal: AbortSignal | undefined): Promise<ScoreTable> {
    this.#table ??= readScores(this.#paths, signal).catch((error: unknown) => {
      this.#table = undefined; // An interrupted or failed reading is not a result: the next use reads again.
      throw error;
    });
    return this.#table;
  }

  /** Of the queries of the policy's run. */
  #splitsOfQueries(): Promise<ReadonlyMap<string, Split>> {
    this.#splits ??= readSplits(this.#paths).catch((error: unknown) => {
      this.#splits = undefined;
      throw error;
    });
    return this.#splits;
  }

  #lookUp(table: ScoreTable, { id, responses }: Slate): (FiledScore | undefined)[] {
    return responses.map((response) => table.get(id, response.id));
  }

  #checked(score: FiledScore | undefined, query: string, { id, text }: LoggedResponse): ResponseScore {
    const where = this.#paths.join(', ');
    if (score === undefined) {
      throw new DataError(
        'SCORE_MISSING',
        `${where}: no score of response "${id}" of query "${query}"; score this log again with the same policy and output, or leave it out with --skip-unscored`,
      );
    }
    const bytes = Buffer.byteLength(text);
    if (score.bytes !== null && score.bytes !== bytes) {
      throw new DataError(
        'SCORE_MISMATCH',
        `${where}: response "${id}" of query "${query}" was scored with ${score.bytes} bytes of text, but has ${bytes} in the log; ` +
          'the text has changed: score this log again',
      );
    }
    return { ...score, bytes };
  }
}

/** Null for a file without scores, as a shard may be. */
function firstLine(path: string): ScoreLine | null {
  const bytes = reading(path, (file) => {
    const start = firstBytes(file);
    return start.toString('latin1', 0, 4) === 'PAR1' ? Buffer.from(firstParquetRow(file) ?? '') : start;
  });
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  const lines = text.split('\n');
  const index = lines.findIndex((line) => line.trim() !== '');
  return index < 0 ? null : parseScoreLine(lines[index]!, `${path}:${index + 1}`);
}

function reading<T>(path: string, read: (file: number) => T): T {
  try {
    const file = openSync(path, 'r');
    try {
      // A pipe can be read only once, and the first line is needed before the rest.
      if (!fstatSync(file).isFile()) throw new Error('it is not a regular file; write the scores to one first');
      return read(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new DataError('SCORES_NOT_FOUND', `${path}: no such score file (${resolve(path)})`, { cause: error });
    }
    throw new DataError('SCORES_UNREADABLE', `${path}: cannot be read: ${describeError(error)}`, { cause: error });
  }
}

function firstBytes(file: number): Buffer {
  const bytes = bytesAt(file, 0, FIRST_LINE_BYTES);
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return isGzip ? gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }) : bytes;
}

/** The first row of a Parquet file as JSON, which the writer of ours leaves in its metadata; null where there is no row. */
function firstParquetRow(file: number): string | null {
  const { size } = fstatSync(file);
  const footer = bytesAt(file, size - 8, 8).readUInt32LE(0) + 8;
  const metadata = parquetMetadata(Uint8Array.from(bytesAt(file, size - footer, footer)).buffer);
  if (metadata.num_rows === 0n) return null;
  const first = metadata.key_value_metadata?.find(({ key }) => key === FIRST_ROW)?.value;
  if (first === undefined)
    throw new Error('it is Parquet of another tool, from which scores are not read: write JSONL');
  return first;
}

function bytesAt(file: number, start: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(file, buffer, 0, length, start));
}

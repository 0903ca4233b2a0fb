/** A log of slates: one or several files, read as a stream, as often as one likes. */
import { createHash } from 'node:crypto';
import { DataError, describeValue, UsageError } from '../errors.js';
import { IdSet } from './id-set.js';
import { type InputFile, openInput } from './input.js';
import { InvalidLines } from './invalid-lines.js';
import { DEFAULT_MAX_LINE_BYTES, type LinePlace } from './lines.js';
import type { Slate } from './slate.js';
import { fileSource, memorySource, type RawQuery, type Source } from './sources.js';
import { type Split, type SplitRatio, splitOf } from './split.js';

/** How a log is read. */
export interface DatasetOptions {
  /** Go on after a bad line: count it and write it to `LOG.invalid.jsonl` (line, error, text). Default: throw. */
  skipInvalid?: boolean | undefined;
  /** Yield only the queries of one split; default all. */
  split?: Split | undefined;
  splitRatio?: SplitRatio | undefined;
  splitSeed?: number | undefined;
  /** Longest line in bytes, default 64 MiB. */
  maxLineBytes?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called while the log is read. */
  onProgress?: ((progress: DatasetProgress) => void) | undefined;
}

/** How far the reading of a log is. */
export interface DatasetProgress {
  /** Queries and responses yielded so far. */
  queries: number;
  responses: number;
  /** Share of the input that has been read, in [0, 1]. */
  fraction: number;
}

/** What one reading of a log found. */
export interface DatasetCounts {
  /** Queries and responses yielded. */
  queries: number;
  responses: number;
  /** Valid queries of other splits. */
  otherSplits: number;
  /** Bad lines, skipped and written to the side files. */
  skipped: number;
  /** The side files. */
  invalidFiles: string[];
}

/** A slate, and where a pass can begin with it: known of logs that are one file of plain JSONL. */
export interface LocatedSlate {
  slate: Slate;
  place: LinePlace | null;
}

/** Queries between two progress reports. */
const PROGRESS_INTERVAL = 256;

/**
 * Iterating reads the log from its start and checks every line; each pass checks again, in memory bounded by the longest
 * line (Parquet: row group) plus the query ids. A pass throws
 * DataError LOG_INVALID, LOG_LINE_TOO_LONG (see `skipInvalid`), LOG_UNREADABLE, LOG_EMPTY (no query at all, or none in
 * the split), and the reason of `signal` when that is aborted.
 */
export class LoggedDataset implements AsyncIterable<Slate> {
  readonly #sources: Source[];
  readonly #options: DatasetOptions;
  #counts: DatasetCounts | null = null;
  #sha256: Promise<string> | null = null;

  private constructor(sources: Source[], options: DatasetOptions) {
    this.#sources = sources;
    this.#options = options;
    // Wrong split options are the caller's mistake: say so before a long pass.
    splitOf('', options.splitRatio, options.splitSeed);
  }

  /**
   * Opens a log: JSONL (also gzip) or Parquet, told apart by content; `-` is standard input; several paths are the
   * shards of one log. @throws DataError LOG_NOT_FOUND, LOG_UNREADABLE; UsageError LOG_MISSING for no path at all
   */
  static async open(path: string | readonly string[], options: DatasetOptions = {}): Promise<LoggedDataset> {
    const paths = typeof path === 'string' ? [path] : path;
    if (paths.length === 0) throw new UsageError('LOG_MISSING', 'expected the path of a log, got none');
    const files: InputFile[] = [];
    for (const each of paths) files.push(await openInput(each, 'LOG'));
    return new LoggedDataset(
      files.map((file) => fileSource(file, options.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES)),
      options,
    );
  }

  /** A log that is in memory already; checked like any other. */
  static fromSlates(slates: readonly Slate[], options: Omit<DatasetOptions, 'skipInvalid'> = {}): LoggedDataset {
    return new LoggedDataset([memorySource(slates)], options);
  }

  /** Names of the files as they were given; empty for a log in memory. */
  get paths(): string[] {
    return this.#sources.filter((source) => source.invalidFile !== null).map((source) => source.name);
  }

  /** The split that it was opened with; undefined: all queries. */
  get split(): Split | undefined {
    return this.#options.split;
  }

  /** What the last complete pass found; null before there was one. */
  get counts(): DatasetCounts | null {
    return this.#counts;
  }

  /** `sha256:` and the hash of the stored bytes of all files in order, as `cat FILES | sha256sum` prints it. */
  sha256(): Promise<string> {
    this.#sha256 ??= this.#hash();
    return this.#sha256;
  }

  /**
   * Reads the files from the beginning: the queries of the chosen split, in order.
   *
   * @throws DataError LOG_INVALID and the other codes of docs/formats.md section 1; the reason of an aborted signal
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Slate> {
    for await (const { slate } of this.located()) yield slate;
  }

  /**
   * The same with the place of each slate, from the beginning or from such a place on. A pass that begins late leaves no counts
   * and no side files, and knows no ids from before.
   */
  async *located(from: LinePlace | null = null): AsyncGenerator<LocatedSlate> {
    const { split, splitRatio, splitSeed, onProgress } = this.#options;
    const counts: DatasetCounts = { queries: 0, responses: 0, otherSplits: 0, skipped: 0, invalidFiles: [] };
    for await (const { slate, place, fraction } of this.#validSlates(counts, from)) {
      if (split !== undefined && splitOf(slate.id, splitRatio, splitSeed) !== split) {
        counts.otherSplits++;
        continue;
      }
      counts.queries++;
      counts.responses += slate.responses.length;
      if (counts.queries % PROGRESS_INTERVAL === 0) {
        onProgress?.({ queries: counts.queries, responses: counts.responses, fraction });
      }
      yield { slate, place };
    }
    onProgress?.({ queries: counts.queries, responses: counts.responses, fraction: 1 });
    if (from !== null) return;
    this.#counts = counts;
    if (counts.queries === 0) throw this.#empty(counts);
  }

  /** Every slate that is valid and whose id is new; bad lines are thrown, or counted and kept in the side files. */
  async *#validSlates(
    counts: DatasetCounts,
    from: LinePlace | null,
  ): AsyncGenerator<LocatedSlate & { fraction: number }> {
    const ids = new IdSet();
    const isOneFile = this.#sources.length === 1;
    for (const [index, source] of this.#sources.entries()) {
      const invalid = new InvalidLines(source.invalidFile, this.#options.skipInvalid === true);
      try {
        for await (const query of source.queries(from ?? undefined)) {
          this.#options.signal?.throwIfAborted();
          const slate = await invalid.guard(query, () => newSlate(query, ids));
          const place = isOneFile ? query.place : null;
          if (slate !== null) yield { slate, place, fraction: (index + query.fraction) / this.#sources.length };
        }
        if (from !== null) return;
        counts.skipped += invalid.count;
        counts.invalidFiles.push(...(await invalid.commit()));
      } finally {
        await invalid.abort();
      }
    }
  }

  #empty(counts: DatasetCounts): DataError {
    const name = this.#sources.map((source) => source.name).join(', ');
    const reason =
      counts.otherSplits > 0
        ? `none of its ${counts.otherSplits} queries is in the split "${this.#options.split}"; choose another split, ratio or seed`
        : counts.skipped > 0
          ? `all of its ${counts.skipped} lines are invalid (see ${counts.invalidFiles.join(', ')})`
          : 'it holds no query; is this the right file?';
    return new DataError('LOG_EMPTY', `${name}: the log is empty: ${reason}`);
  }

  async #hash(): Promise<string> {
    const hash = createHash('sha256');
    for (const source of this.#sources) await source.hashInto(hash);
    return `sha256:${hash.digest('hex')}`;
  }
}

function newSlate(query: RawQuery, ids: IdSet): Slate {
  const slate = query.slate();
  if (ids.add(slate.id)) return slate;
  throw new DataError(
    'LOG_INVALID',
    `${query.where}: id: expected an id of its own, got ${describeValue(slate.id)} a second time in this log`,
  );
}

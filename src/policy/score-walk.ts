import { IdSet } from '../data/id-set.js';
import { openInput } from '../data/input.js';
import { readTextLineBatches, type TextLine } from '../data/lines.js';
import type { Slate } from '../data/slate.js';
import { CommonOrigin, type FiledScore, filedScore, parseScoreLine, type ScoreLine } from './score-line.js';

interface PlacedLine {
  line: ScoreLine;
  place: string;
}

/** The lines of score files one after the other, many at a time, each with its file and number. Blank lines are passed over. */
export async function* readScoreLines(
  paths: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<Iterator<PlacedLine> & Iterable<PlacedLine>> {
  for (const path of paths) {
    const file = await openInput(path, 'SCORES');
    for await (const lines of readTextLineBatches(file)) {
      signal?.throwIfAborted();
      yield parsed(lines, file.name);
    }
  }
}

function* parsed(lines: Iterable<TextLine>, file: string): Generator<PlacedLine> {
  for (const { number, text } of lines) {
    const place = `${file}:${number}`;
    yield { line: parseScoreLine(text, place), place };
  }
}

/**
 * Score files whose lines are in the order of their log, as `pope score` writes them, read in step with the log: of all that was read,
 * the ids of its queries are kept. Lines of queries that are not in the log are passed over.
 *
 * The walk ends, and the caller has to look scores up in a table of all lines, where the files are in another order, lack a score or
 * have one twice.
 */
export class ScoreWalk {
  readonly #batches: ReturnType<typeof readScoreLines>;
  #batch: Iterator<PlacedLine> = [][Symbol.iterator]();
  readonly #origin = new CommonOrigin();
  readonly #walked = new IdSet();
  /** Responses of the slate before: whatever else the files say of that query may follow. */
  #last: { query: string; responses: ReadonlyMap<string, unknown> } | undefined;
  /** The first line that has not been used; null at the end, undefined before it is read. */
  #next: ScoreLine | null | undefined;

  constructor(paths: readonly string[], signal: AbortSignal | undefined) {
    this.#batches = readScoreLines(paths, signal);
  }

  /** The scores of a slate's responses, in their order, after those of the slates before; null where the walk ends. */
  async next({ id, responses }: Slate): Promise<FiledScore[] | null> {
    if (!this.#walked.add(id)) return null;
    const found = new Map<string, FiledScore | null>(responses.map((response) => [response.id, null]));
    let missing = found.size;
    while (missing > 0) {
      const line = this.#peek() ?? (await this.#read());
      if (line === null) return null;
      if (line.query === id) {
        const known = found.get(line.response);
        if (known) return null;
        if (known === null) {
          found.set(line.response, filedScore(line));
          missing--;
        }
      } else if (this.#isSuspect(line)) {
        return null;
      }
      this.#next = undefined;
    }
    this.#last = { query: id, responses: found };
    return responses.map((response) => found.get(response.id)!);
  }

  /** Reads what is left; false where the files may have a second score of a response. */
  async finish(): Promise<boolean> {
    for (;;) {
      const line = this.#peek() ?? (await this.#read());
      if (line === null) return true;
      if (this.#isSuspect(line)) return false;
      this.#next = undefined;
    }
  }

  async close(): Promise<void> {
    await this.#batches.return(undefined);
  }

  /** Whether a line is of a query that was walked past, and perhaps of one of its responses. */
  #isSuspect({ query, response }: ScoreLine): boolean {
    if (query === this.#last?.query) return this.#last.responses.has(response);
    return this.#walked.has(query);
  }

  /** The next line of the batch; undefined at its end, where there may be another. */
  #peek(): ScoreLine | null | undefined {
    if (this.#next !== undefined) return this.#next;
    const { value, done } = this.#batch.next();
    if (done) return undefined;
    this.#origin.add(value.line, value.place);
    this.#next = value.line;
    return this.#next;
  }

  /** The next line, from the next batch that has one. */
  async #read(): Promise<ScoreLine | null> {
    while (this.#next === undefined) {
      const { value, done } = await this.#batches.next();
      if (done) {
        this.#next = null;
      } else {
        this.#batch = value;
        this.#peek();
      }
    }
    return this.#next;
  }
}

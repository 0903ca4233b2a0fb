import type { Split } from '../data/split.js';
import { DataError } from '../errors.js';
import { CommonOrigin, type FiledScore, type ScoreLine, type ScoreOrigin } from './score-line.js';

/**
 * Scores by query and response, in columns: about 200 bytes a response however long its text, so that the scores of a
 * million responses fit where their log would not.
 */
export class ScoreTable {
  readonly #rows = new Map<string, number>();
  readonly #logprobs: number[] = [];
  readonly #tokens: number[] = [];
  readonly #bytes: (number | null)[] = [];
  readonly #entropies: (number | null)[] = [];
  readonly #keys: (string | null)[] = [];
  readonly #truncated = new Map<number, number>();
  readonly #splits = new Map<string, Split>();
  readonly #origin = new CommonOrigin();

  /** What all lines have in common; undefined while there are none. */
  get origin(): ScoreOrigin | undefined {
    return this.#origin.value;
  }

  get size(): number {
    return this.#logprobs.length;
  }

  /**
   * Adds one line.
   *
   * @param replace take a second score of the same response instead of the first; without it, that is an error
   * @throws DataError SCORES_MIXED for a line of another policy, SCORE_DUPLICATE
   */
  add(line: ScoreLine, place: string, { replace = false } = {}): void {
    this.#origin.add(line, place);
    const key = rowKey(line.query, line.response);
    const known = this.#rows.get(key);
    if (known !== undefined && !replace) {
      throw new DataError(
        'SCORE_DUPLICATE',
        `${place}: a second score of response "${line.response}" of query "${line.query}"; each response needs exactly one`,
      );
    }
    const row = known ?? this.size;
    this.#rows.set(key, row);
    this.#logprobs[row] = line.logprob;
    this.#tokens[row] = line.tokens;
    this.#bytes[row] = line.bytes;
    this.#entropies[row] = line.entropy;
    this.#keys[row] = line.key;
    if (line.truncated === undefined) this.#truncated.delete(row);
    else this.#truncated.set(row, line.truncated);
    if (line.split !== undefined) this.#splits.set(line.query, line.split);
  }

  /** The score of one response. */
  get(query: string, response: string): FiledScore | undefined {
    const row = this.#rows.get(rowKey(query, response));
    if (row === undefined) return undefined;
    const truncated = this.#truncated.get(row);
    return {
      response,
      logprob: this.#logprobs[row]!,
      tokens: this.#tokens[row]!,
      bytes: this.#bytes[row]!,
      entropy: this.#entropies[row]!,
      key: this.#keys[row]!,
      ...(truncated === undefined ? {} : { truncated }),
    };
  }

  /** `SlateScores.split` of a query. */
  splitOf(query: string): Split | undefined {
    return this.#splits.get(query);
  }
}

/** Ids are arbitrary text; the length of the first keeps the pair unambiguous. */
function rowKey(query: string, response: string): string {
  return `${query.length}:${query}${response}`;
}

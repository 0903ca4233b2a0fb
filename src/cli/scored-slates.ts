import type { LoggedDataset } from '../data/dataset.js';
import type { Slate } from '../data/slate.js';
import type { Split } from '../data/split.js';
import type { Warning } from '../estimators/result.js';
import { type ScoreFilePolicy, scoreFile } from '../policy/score-file.js';

/** What `--logging` names: score files, or the log's own propensities. */
export function loggingPolicy(files: readonly string[]): ScoreFilePolicy | 'log' {
  return files.length === 1 && files[0] === 'log' ? 'log' : scoreFile(files);
}

/** The slates of a log of which every response has a score from every policy. */
export class ScoredSlates implements AsyncIterable<Slate> {
  readonly #log: LoggedDataset;
  readonly #policies: readonly ScoreFilePolicy[];
  #skipped = 0;

  constructor(log: LoggedDataset, policies: readonly ScoreFilePolicy[]) {
    this.#log = log;
    this.#policies = policies;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Slate> {
    let skipped = 0;
    for await (const slate of this.#log) {
      const covered = await Promise.all(this.#policies.map((policy) => policy.covers(slate)));
      if (covered.every(Boolean)) yield slate;
      else skipped++;
    }
    this.#skipped = skipped;
  }

  get split(): Split | undefined {
    return this.#log.split;
  }

  sha256(): Promise<string> {
    return this.#log.sha256();
  }

  warnings(): Warning[] {
    if (this.#skipped === 0) return [];
    const message = `${this.#skipped} queries have a response without a score and were left out: the estimates speak for the others only`;
    return [{ code: 'UNSCORED_QUERIES', message }];
  }
}

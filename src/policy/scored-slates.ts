import type { LoggedDataset } from '../data/dataset.js';
import type { Slate } from '../data/slate.js';
import type { Split } from '../data/split.js';
import type { Policy } from './policy.js';
import { ScoreFilePolicy } from './score-file.js';

/** The slates of a log of which every response has a score from every policy that has a file; others have one of any response. */
export class ScoredSlates implements AsyncIterable<Slate> {
  readonly #log: LoggedDataset;
  readonly #policies: readonly ScoreFilePolicy[];
  #skipped = 0;

  constructor(log: LoggedDataset, policies: readonly (Policy | 'log')[]) {
    this.#log = log;
    this.#policies = policies.filter((policy) => policy instanceof ScoreFilePolicy);
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

  /** Queries left out, of the last time that the slates were read to their end. */
  get skipped(): number {
    return this.#skipped;
  }

  sha256(): Promise<string> {
    return this.#log.sha256();
  }
}

import type { Slate, SlateLog } from '../data/slate.js';
import { DataError } from '../errors.js';
import type { Policy } from '../policy/policy.js';
import type { Warning } from './result.js';

/**
 * A log as a target that POPE trained may be judged on it: unless all queries are asked for, or the log is one split
 * already, those that its run neither trained on nor chose checkpoints by (docs/estimators.md). Other targets see it as it is.
 */
export class HeldOutLog implements AsyncIterable<Slate> {
  readonly #log: SlateLog;
  readonly #splitOf: Policy['splitOf'];
  readonly #everything: boolean;
  #counts = { kept: 0, trained: 0, left: 0 };

  constructor(log: SlateLog, { target, allQueries = false }: { target: Policy; allQueries?: boolean | undefined }) {
    this.#log = log;
    this.#splitOf = target.splitOf?.bind(target);
    this.#everything = allQueries || log.split !== undefined;
  }

  /** @throws DataError NOTHING_HELD_OUT when no query is left */
  async *[Symbol.asyncIterator](): AsyncGenerator<Slate> {
    const counts = { kept: 0, trained: 0, left: 0 };
    for await (const slate of this.#log) {
      const split = await this.#splitOf?.(slate);
      if (split !== undefined && split !== 'test' && !this.#everything) {
        counts.left++;
        continue;
      }
      if (split === 'train') counts.trained++;
      counts.kept++;
      yield slate;
    }
    if (counts.kept === 0 && counts.left > 0) {
      throw new DataError(
        'NOTHING_HELD_OUT',
        `the run that the target comes from saw all ${counts.left} queries of this log in training or validation; ` +
          'evaluate on another log, or on all of them with --split all',
      );
    }
    this.#counts = counts;
  }

  /** Of the last complete pass. */
  warnings(): Warning[] {
    const { kept, trained, left } = this.#counts;
    const warnings: Warning[] = [];
    if (trained > 0) {
      const message = `the target was trained on ${trained} of these ${kept} queries: their figures say nothing about others; evaluate on the test split`;
      warnings.push({ code: 'TRAINED_ON', message });
    }
    if (left > 0) {
      const message = `the target comes from a run, so only the ${kept} queries that it held out are evaluated; ${left} were left out (--split all takes them in)`;
      warnings.push({ code: 'HELD_OUT', message });
    }
    return warnings;
  }
}

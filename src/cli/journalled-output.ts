import { existsSync } from 'node:fs';
import { DataError, InterruptedError } from '../errors.js';
import { journalPath } from '../policy/journal.js';

/** What ends a command that fills a resumable file: an interruption also says where the work so far is. */
export function describeInterruption(error: unknown, output: string, words: { some: string; none: string }): unknown {
  if (!(error instanceof InterruptedError)) return error;
  const journal = journalPath(output);
  const todo = existsSync(journal)
    ? `${words.some} so far are in ${journal}; the same command goes on from there`
    : words.none;
  return new InterruptedError(error.code, `${error.message}; ${todo}`);
}

/** Refuses a split that has none of the log's queries: the log itself may be whole. Throws DataError LOG_EMPTY. */
export function requireQueries(
  report: { queries: number; skipped: number },
  path: string,
  split: string | undefined,
): void {
  if (report.queries + report.skipped === 0 && split !== undefined) {
    throw new DataError('LOG_EMPTY', `${path}: none of its queries is in the split "${split}"`);
  }
}

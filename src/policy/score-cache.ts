import { writeLines } from '../data/atomic-writer.js';
import { openInput } from '../data/input.js';
import { readTextLines } from '../data/lines.js';
import type { Slate } from '../data/slate.js';
import { DataError, describeValue } from '../errors.js';
import type { BatchPolicy, KeyedSlate } from './batch-policy.js';
import { Journal } from './journal.js';
import type { ScoreOptions, SlateScores } from './policy.js';
import {
  type FiledScore,
  originDifference,
  parseScoreLine,
  type ScoreLine,
  type ScoreOrigin,
  scoreOrigin,
  toScoreLine,
} from './score-line.js';
import { ScoreTable } from './score-table.js';

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
 * @throws DataError SCORES_OF_ANOTHER_POLICY when the file holds scores of another policy, SCORE_INVALID when the policy
 *   gives no finite number; what the policy throws
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
  const journal = await Journal.open(path, (file) => readInto(table, file, origin));
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
        const scores = finite(await policy.scoreBatch(batch, signal === undefined ? {} : { signal }));
        const lines = scores.flatMap(({ query, responses, split }, s) =>
          responses.filter((_, r) => wanted[s]![r]).map((score) => toScoreLine(query, score, origin, split)),
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
    report.dropped = table.size - (await writeLines(path, linesInOrder(table, order, origin), { locks: false }));
    await journal.remove();
    return report;
  } finally {
    await journal.close();
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

/** The lines of all slates that have scores, in log order. */
function* linesInOrder(
  table: ScoreTable,
  order: readonly { query: string; responses: readonly string[] }[],
  origin: ScoreOrigin,
): Generator<ScoreLine> {
  for (const { query, responses } of order) {
    for (const response of responses) {
      const score = table.get(query, response);
      if (score !== undefined) yield toScoreLine(query, score, origin, table.splitOf(query));
    }
  }
}

/** A model with broken weights gives NaN, which no file can hold. */
function finite(scores: SlateScores[]): SlateScores[] {
  for (const { query, responses } of scores) {
    for (const { response, logprob, entropy } of responses) {
      if (Number.isFinite(logprob) && Number.isFinite(entropy ?? 0)) continue;
      throw new DataError(
        'SCORE_INVALID',
        `query ${describeValue(query)}, response ${describeValue(response)}: the policy gives log-probability ${logprob} and ` +
          `entropy ${entropy}, which are not finite; are the weights of the model sound?`,
      );
    }
  }
  return scores;
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

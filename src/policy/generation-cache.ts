import { writeLines } from '../data/atomic-writer.js';
import { openInput } from '../data/input.js';
import { readTextLines } from '../data/lines.js';
import type { Slate } from '../data/slate.js';
import { DataError } from '../errors.js';
import { type GenerationLine, parseGenerationLine, toGenerationLine } from './generation-line.js';
import type { Generator } from './generator.js';
import { Journal } from './journal.js';

export interface GenerateToFileOptions {
  /** Which queries of the log to generate for, asked in log order; the others keep what they have. Default: all. */
  selects?: (slate: Slate) => boolean;
  signal?: AbortSignal;
  onProgress?: (progress: { samples: number; tokens: number }) => void;
}

/** What became of the selected queries. */
export interface GenerationReport {
  queries: number;
  /** Samples that were in the file already, and those generated now. */
  reused: number;
  generated: number;
  /** Tokens generated now. */
  tokens: number;
  /** Samples generated now that were cut off at the most tokens. */
  cut: number;
  /** Samples of other prompts or of queries that the log does not have any more; they were left out. */
  dropped: number;
  /** Queries left out because they do not fit the model's context (`--on-overflow skip`). */
  skipped: number;
  /** Queries whose prompt was cut (`--on-overflow truncate`). */
  truncated: number;
}

/**
 * Generates for a log into a file that is also a cache, as `scoreToFile` does: batch by batch into the journal PATH.partial,
 * and at the end in log order into PATH. Killed at any moment, the same call goes on where the journal ends, and the final file
 * is byte for byte that of an uninterrupted run. A larger `n` adds samples to those that are there.
 *
 * @throws DataError GENERATIONS_OF_ANOTHER_POLICY, GENERATIONS_INVALID; what the generator throws
 */
export async function generateToFile(
  generator: Generator,
  slates: AsyncIterable<Slate>,
  path: string,
  { selects = () => true, signal, onProgress }: GenerateToFileOptions = {},
): Promise<GenerationReport> {
  const table = new GenerationTable();
  const journal = await Journal.open(path, (file) => readInto(table, file, generator));
  const order: string[] = [];
  const report = { queries: 0, reused: 0, generated: 0, tokens: 0, cut: 0, dropped: 0, skipped: 0, truncated: 0 };
  let selected = 0;

  async function* tapped(): AsyncGenerator<Slate> {
    for await (const slate of slates) {
      signal?.throwIfAborted();
      order.push(slate.id);
      if (!selects(slate)) continue;
      selected++;
      yield slate;
    }
  }

  try {
    for await (const batch of generator.batches(tapped())) {
      signal?.throwIfAborted();
      for (const { query, key } of batch) report.dropped += table.dropStale(query, key);
      const before = { samples: report.reused + report.generated, tokens: report.tokens };
      const missing = batch.map(({ query }) => table.missing(query, generator.n));
      if (missing.some((indices) => indices.size > 0)) {
        // The whole batch again, though some of it may be there: its bits are then those of the first run.
        const lines = await generator.generateBatch(batch, {
          ...(signal === undefined ? {} : { signal }),
          onProgress: ({ samples, tokens }) =>
            onProgress?.({ samples: before.samples + samples, tokens: before.tokens + tokens }),
        });
        const fresh = lines.flatMap((own, i) => own.filter(({ index }) => missing[i]!.has(index!)));
        await journal.append(fresh.map(toGenerationLine));
        for (const line of fresh) {
          table.add(line);
          report.tokens += line.tokens ?? 0;
          if (line.finish === 'length') report.cut++;
        }
        report.generated += fresh.length;
      }
      report.queries += batch.length;
      report.reused = report.queries * generator.n - report.generated;
      report.truncated += batch.filter(({ truncated }) => truncated > 0).length;
      onProgress?.({ samples: report.reused + report.generated, tokens: report.tokens });
    }
    report.skipped = selected - report.queries;
    report.dropped += table.size - (await writeLines(path, linesInOrder(table, order), { locks: false }));
    await journal.remove();
    return report;
  } finally {
    await journal.close();
  }
}

/** Generations by query and index. */
class GenerationTable {
  readonly #queries = new Map<string, Map<number, GenerationLine>>();

  get size(): number {
    return [...this.#queries.values()].reduce((sum, samples) => sum + samples.size, 0);
  }

  add(line: GenerationLine): void {
    const samples = this.#queries.get(line.query) ?? new Map<number, GenerationLine>();
    this.#queries.set(line.query, samples.set(line.index!, line));
  }

  /** Removes the samples of another prompt; returns how many. */
  dropStale(query: string, key: string): number {
    const samples = this.#queries.get(query) ?? new Map<number, GenerationLine>();
    const stale = [...samples.values()].filter((line) => line.key !== key);
    for (const { index } of stale) samples.delete(index!);
    return stale.length;
  }

  /** Of the indices below n, those that are not there. */
  missing(query: string, n: number): Set<number> {
    const samples = this.#queries.get(query);
    return new Set(Array.from({ length: n }, (_, index) => index).filter((index) => !samples?.has(index)));
  }

  /** The samples of a query by index. */
  of(query: string): GenerationLine[] {
    return [...(this.#queries.get(query)?.values() ?? [])].sort((a, b) => a.index! - b.index!);
  }
}

async function readInto(table: GenerationTable, path: string, generator: Generator): Promise<void> {
  const file = await openInput(path, 'GENERATIONS');
  for await (const { number, text } of readTextLines(file)) {
    const place = `${path}:${number}`;
    const line = parseGenerationLine(text, place);
    if (line.identity !== generator.id || line.policy !== generator.identity.policy || line.index === null) {
      throw new DataError(
        'GENERATIONS_OF_ANOTHER_POLICY',
        `${place}: written by policy "${line.policy}" with seed ${line.seed}, but this run is of policy ` +
          `"${generator.identity.policy}" or with other settings of sampling; write to another file, or delete ${path}`,
      );
    }
    table.add(line);
  }
}

/** The lines of all queries that have samples, in log order. */
function* linesInOrder(table: GenerationTable, order: readonly string[]): Iterable<object> {
  for (const query of order) {
    for (const line of table.of(query)) yield toGenerationLine(line);
  }
}

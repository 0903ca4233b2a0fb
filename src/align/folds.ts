import { createHash } from 'node:crypto';
import type { Slate, SlateLog } from '../data/slate.js';
import type { Split } from '../data/split.js';
import { describeValue, UsageError } from '../errors.js';
import type { Partition } from './training-log.js';

/** One in so many of the groups that a model is fitted to is kept for its validation, the fifth, fifteenth, ... */
const VALIDATION_PERIOD = 10;
const FIRST_VALIDATION = 4;

/**
 * The folds of cross-fitting. The queries of a cluster make one group, a query without a cluster is its own; groups, in
 * the order of a hash of seed and name, are dealt to the folds in turn. So the folds are as equal as can be, no group
 * is in two, and nothing of it follows from the split into train, validation and test.
 */
export class Folds {
  /** Places in the hash's order, from 0. */
  readonly #places: ReadonlyMap<string, number>;

  private constructor(
    readonly count: number,
    readonly seed: number,
    /** Hash of the ids of all queries: another part of the same log makes other folds. */
    readonly queries: string,
    places: ReadonlyMap<string, number>,
  ) {
    this.#places = places;
  }

  /** Reads the log once. @throws UsageError FOLDS for fewer than 2, or more than there are groups */
  static async deal(
    log: SlateLog,
    { count, seed, signal }: { count: number; seed: number; signal?: AbortSignal | undefined },
  ): Promise<Folds> {
    checkCount(count);
    const groups = new Map<string, string>();
    const queries = createHash('sha256');
    for await (const slate of log) {
      signal?.throwIfAborted();
      queries.update(`${slate.id}\n`);
      const group = groupOf(slate);
      if (!groups.has(group)) groups.set(group, createHash('sha256').update(`fold\n${seed}\n${group}`).digest('hex'));
    }
    if (groups.size < count) {
      throw new UsageError(
        'FOLDS',
        `folds: ${count} need at least as many queries (clusters, where the log names them), but the log has ${groups.size}`,
      );
    }
    const ordered = [...groups].sort(([, a], [, b]) => (a < b ? -1 : 1));
    const places = new Map(ordered.map(([group], place) => [group, place]));
    return new Folds(count, seed, `sha256:${queries.digest('hex')}`, places);
  }

  /** Counted from 1. */
  foldOf(slate: Slate): number {
    return 1 + (this.#placeOf(slate) % this.count);
  }

  /** What a model is fitted to that will score one fold: the others; null: all of them, held out is nothing. */
  partition(fold: number | null): Partition {
    return {
      description: { folds: this.count, seed: this.seed, heldOut: fold, queries: this.queries },
      splitOf: (slate) => this.#splitOf(slate, fold),
    };
  }

  #splitOf(slate: Slate, fold: number | null): Split {
    const place = this.#placeOf(slate);
    if (fold !== null && this.foldOf(slate) === fold) return 'test';
    // Its place among the groups that are not held out.
    const heldOutBefore = fold === null ? 0 : Math.ceil((place - fold + 1) / this.count);
    return (place - heldOutBefore) % VALIDATION_PERIOD === FIRST_VALIDATION ? 'validation' : 'train';
  }

  #placeOf(slate: Slate): number {
    return this.#places.get(groupOf(slate))!;
  }
}

function checkCount(count: number): void {
  if (count === 1) {
    throw new UsageError(
      'FOLDS',
      'folds: expected at least 2, got 1: every response would be scored by a model that was fitted to it, which finds it ' +
        'likelier than it was, and its importance weight would be too small',
    );
  }
  if (!(Number.isSafeInteger(count) && count > 1)) {
    throw new UsageError('FOLDS', `folds: expected a whole number of at least 2, got ${describeValue(count)}`);
  }
}

/** The prefix keeps the names of clusters and queries apart. */
function groupOf({ id, cluster }: Slate): string {
  return cluster === undefined ? `query ${id}` : `cluster ${cluster}`;
}

/** One of the ranks of a run. */
export interface Place {
  /** From 0. */
  readonly rank: number;
  /** How many ranks there are. */
  readonly size: number;
}

/** Which of some items are a rank's: every rank has as many, give or take one, and they keep their order. */
export function rangeOf(count: number, { rank, size }: Place): { first: number; last: number } {
  const start = (of: number) => Math.floor((count * of) / size);
  return { first: start(rank), last: start(rank + 1) };
}

/** A rank's part of some items. */
export function partOf<T>(items: readonly T[], place: Place): readonly T[] {
  const { first, last } = rangeOf(items.length, place);
  return items.slice(first, last);
}

import type { LocatedSlate } from '../data/dataset.js';
import type { LinePlace } from '../data/lines.js';
import type { Slate } from '../data/slate.js';

/** One of several parts of the work on a log, counted from 1. */
export interface ShardNumber {
  index: number;
  count: number;
}

/** A run of whole batches: the slates `from` up to `to` of the log, and what they give. */
export interface Shard {
  from: number;
  to: number;
  /** Where in the log its first slate is, for a pass to begin there; null: passes begin at the beginning. */
  at: LinePlace | null;
  queries: number;
  /** Lines of its file. */
  lines: number;
}

/** Work on a log that is done batch by batch: `LocalPolicy`, `LocalGenerator` and their remote kin. */
export interface PlannedWork<Q extends { readonly query: string }> {
  batches(slates: AsyncIterable<Slate>): AsyncIterable<readonly Q[]>;
}

/**
 * Cuts a log into shards of about as many batches each. A shard is a run of whole batches of the plan of the whole log, so
 * that the shards one after the other have the bits and the order of one run. Where there are fewer batches than shards,
 * some are empty. One pass over the slates, which makes their batches but does no more.
 *
 * @param linesOf lines that the file has for a query
 */
export async function planShards<Q extends { readonly query: string }>(
  work: PlannedWork<Q>,
  slates: AsyncIterable<LocatedSlate>,
  count: number,
  linesOf: (query: Q) => number,
): Promise<Shard[]> {
  let read = 0;
  // Slates that exceed the context are in no batch, so the batches alone do not tell how far into the log they are.
  const placeOf = new Map<string, Pick<Shard, 'from' | 'at'>>();
  async function* numbered(): AsyncGenerator<Slate> {
    for await (const { slate, place } of slates) {
      placeOf.set(slate.id, { from: read++, at: place });
      yield slate;
    }
  }
  const batches: PlannedBatch[] = [];
  for await (const batch of work.batches(numbered())) {
    const place = placeOf.get(batch[0]!.query)!;
    batches.push({ ...place, queries: batch.length, lines: batch.reduce((sum, query) => sum + linesOf(query), 0) });
    for (const { query } of batch) placeOf.delete(query);
  }
  return Array.from({ length: count }, (_, i) => shardOf(batches, i, count, read));
}

type PlannedBatch = Omit<Shard, 'to'>;

/** @param total slates of the log */
function shardOf(batches: readonly PlannedBatch[], index: number, count: number, total: number): Shard {
  const first = Math.floor((index * batches.length) / count);
  const end = Math.floor(((index + 1) * batches.length) / count);
  const own = batches.slice(first, end);
  return {
    from: index === 0 ? 0 : (batches[first]?.from ?? total),
    to: index === count - 1 ? total : (batches[end]?.from ?? total),
    at: index === 0 ? null : (batches[first]?.at ?? null),
    queries: own.reduce((sum, { queries }) => sum + queries, 0),
    lines: own.reduce((sum, { lines }) => sum + lines, 0),
  };
}

/**
 * The slates of a shard; what follows them is not read, nor what comes before where a pass can begin late.
 *
 * @param slates the slates of the log from a place on, or all
 */
export async function* slatesOf(
  slates: (from: LinePlace | null) => AsyncIterable<Slate>,
  { from, to, at }: Shard,
): AsyncGenerator<Slate> {
  let place = at === null ? 0 : from;
  if (from === to) return;
  for await (const slate of slates(at)) {
    if (place >= from) yield slate;
    if (++place === to) return;
  }
}

/** Whether a slate is of a shard; to be asked of each slate of the plan, in its order. */
export function inShard({ from, to }: Shard): (slate: Slate) => boolean {
  let place = 0;
  return () => {
    const own = place++;
    return own >= from && own < to;
  };
}

import { DataError } from '../errors.js';

/** Batches of items, in order: one is closed when the next item's rows do not fit. An item may exceed the limit alone. */
export async function* batched<T>(
  items: AsyncIterable<T> | Iterable<T>,
  rowsOf: (item: T) => number,
  limit: number,
): AsyncGenerator<readonly T[]> {
  let batch: T[] = [];
  let rows = 0;
  for await (const item of items) {
    const more = rowsOf(item);
    if (batch.length > 0 && rows + more > limit) {
      yield batch;
      batch = [];
      rows = 0;
    }
    batch.push(item);
    rows += more;
  }
  if (batch.length > 0) yield batch;
}

/** What `encode` makes of an item; null where `skip` is set and the item does not fit the model's context. */
export function unlessTooLong<T>(skip: boolean, encode: () => T): T | null {
  try {
    return encode();
  } catch (error) {
    if (skip && error instanceof DataError && error.code === 'CONTEXT_OVERFLOW') return null;
    throw error;
  }
}

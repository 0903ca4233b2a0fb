import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writing } from '../files/atomic.js';
import {
  formatManifest,
  MANIFEST,
  type Manifest,
  newManifest,
  parseManifest,
  requireSameWork,
  type WorkDescription,
} from './manifest.js';
import type { Shard } from './plan.js';
import type { ShardStore } from './store.js';

/** Work on a log that any number of processes can share, without a word between them but the files that they write. */
export interface ShardedWork {
  /** Reads the whole log, for its hash. */
  describe(): Promise<WorkDescription>;
  plan(count: number): Promise<Shard[]>;
  /** Writes the lines of one shard into a local file. */
  write(shard: Shard, path: string): Promise<void>;
}

/**
 * The manifest of the work in a store: that which is there, or a new one. Of several processes that begin at once one writes
 * it; all plan the same.
 *
 * @throws UsageError SHARDS_DIFFER where the store has shards of other work; DataError INVALID_JSON
 */
export async function openShards(store: ShardStore, work: ShardedWork, count: number): Promise<Manifest> {
  const place = store.place(MANIFEST);
  const description = await work.describe();
  let text = await store.read(MANIFEST);
  if (text === null) {
    const planned = newManifest(description, await work.plan(count));
    if (await store.publish(MANIFEST, { text: formatManifest(planned) })) return planned;
    text = (await store.read(MANIFEST))!;
  }
  const there = parseManifest(text, place);
  requireSameWork(place, there, description, count);
  return there;
}

/**
 * Does shard `index`, counted from 1, unless its file is there. It is written in a temporary folder of this machine and then
 * published, so that a worker that ends in the middle leaves nothing behind, and two that do the same shard do no harm.
 *
 * @returns whether this call published it
 * @throws PopeError WRITE_FAILED, UsageError OUTPUT_NOT_WRITABLE, PopeError BUCKET_FAILED; what the work throws
 */
export async function writeShard(
  store: ShardStore,
  work: ShardedWork,
  manifest: Manifest,
  index: number,
): Promise<boolean> {
  const shard = manifest.shards[index - 1]!;
  if (await store.has(shard.name)) return false;
  const folder = await writing(tmpdir(), mkdtemp(join(tmpdir(), 'pope-shard-')));
  try {
    const file = join(folder, shard.name);
    await work.write(shard, file);
    return await store.publish(shard.name, { file });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

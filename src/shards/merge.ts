import { decodeLine, splitLines } from '../data/lines.js';
import { DataError } from '../errors.js';
import { mapConcurrent } from '../remote/concurrent.js';
import { MANIFEST, type Manifest, type ManifestShard, parseManifest } from './manifest.js';
import type { ShardStore } from './store.js';

/** Files that are asked for at a time. */
const ASKED_AT_ONCE = 32;
/** Missing shards that a message names. */
const NAMED = 5;

/** @throws DataError SHARDS_NOT_FOUND, INVALID_JSON */
export async function readManifest(store: ShardStore): Promise<Manifest> {
  const place = store.place(MANIFEST);
  const text = await store.read(MANIFEST);
  if (text !== null) return parseManifest(text, place);
  throw new DataError(
    'SHARDS_NOT_FOUND',
    `${place}: no such manifest; give the place that the shards were written to (-o)`,
  );
}

/** Indices of the shards that are not there, counted from 1. */
export async function missingShards(store: ShardStore, { shards }: Manifest): Promise<number[]> {
  const there = await mapConcurrent(shards, ASKED_AT_ONCE, ({ name }) => store.has(name));
  return there.flatMap((isThere, i) => (isThere ? [] : [i + 1]));
}

/**
 * The lines of all shards in order: those of one run.
 *
 * @throws DataError SHARDS_MISSING naming the shards that are not there; SHARD_INVALID for one that has not the lines of the
 *   manifest, or lines of another policy
 */
export async function* mergedLines(store: ShardStore, manifest: Manifest): AsyncGenerator<object> {
  const missing = await missingShards(store, manifest);
  if (missing.length > 0) throw incomplete(store, manifest, missing);
  for (const shard of manifest.shards) yield* linesOf(store, manifest, shard);
}

async function* linesOf(store: ShardStore, { identity }: Manifest, shard: ManifestShard): AsyncGenerator<object> {
  const name = store.place(shard.name);
  const invalid = (problem: string) => {
    const todo = `delete ${name} and do that shard again`;
    return new DataError('SHARD_INVALID', `${name}: ${problem}; ${todo}`);
  };
  let lines = 0;
  for await (const line of splitLines(store.stream(shard.name))) {
    let value: { identity?: unknown };
    try {
      value = JSON.parse(decodeLine(line, { kind: 'INPUT', name }));
    } catch {
      throw invalid(`line ${line.number} is no JSON`);
    }
    if (value.identity !== identity) throw invalid(`line ${line.number} is of other work than the manifest`);
    lines++;
    yield value;
  }
  if (lines !== shard.lines) throw invalid(`it has ${lines} lines, but ${shard.lines} in the manifest`);
}

function incomplete(store: ShardStore, { shards }: Manifest, missing: readonly number[]): DataError {
  const named = missing.slice(0, NAMED).map((index) => `${index}/${shards.length}`);
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : '';
  return new DataError(
    'SHARDS_MISSING',
    `${store.place(MANIFEST)}: ${missing.length} of ${shards.length} shards are not there: --shard ${named.join(', ')}${more}; ` +
      'run the command of the shards with these, then merge again',
  );
}

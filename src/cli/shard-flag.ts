import type { Slate } from '../data/slate.js';
import { UsageError } from '../errors.js';
import { inShard, type ShardNumber } from '../shards/plan.js';
import { openShards, type ShardedWork, writeShard } from '../shards/sharded-work.js';
import { isShardStore, openShardStore } from '../shards/store.js';
import type { Context } from './command.js';
import { expected, optional, type Parse } from './flags.js';
import type { ChosenSplit } from './log-flags.js';
import { readable } from './table.js';

const parseShard: Parse<ShardNumber> = (value) => {
  const [, index, count] = (/^(\d+)\/(\d+)$/.exec(value) ?? []).map(Number);
  if (index === undefined || count === undefined || count < 1 || index > count) {
    throw expected('a part such as 2/4, counted from 1', value);
  }
  return { index, count };
};

/** Of commands whose work on a log several machines can share. */
export const SHARD_FLAG = {
  shard: optional(
    '--shard <i/n>',
    'only part i of n, counted from 1; with a folder/ or s3://BUCKET/PREFIX as output, which pope merge takes (0/n: plan them)',
    parseShard,
  ),
};

/**
 * Does the shard that was asked for, where the output is a place for shards.
 *
 * @returns false where it is a file, and the caller's
 */
export async function shardToStore(
  output: string,
  { index, count }: ShardNumber,
  work: ShardedWork,
  { terminal }: Context,
): Promise<boolean> {
  if (!(await isShardStore(output))) {
    if (index > 0) return false;
    throw new UsageError('BAD_OPTION', `--shard 0/${count} plans shards in a folder/ or bucket, but -o is ${output}`);
  }
  const store = await openShardStore(output, process.env);
  const manifest = await openShards(store, work, count);
  if (index === 0) {
    const queries = manifest.shards.reduce((sum, shard) => sum + shard.queries, 0);
    terminal.say(`${readable(queries)} queries in ${count} shards: ${output}`);
    return true;
  }
  const { name, queries, lines } = manifest.shards[index - 1]!;
  const isNew = await writeShard(store, work, manifest, index);
  const state = isNew ? `${readable(queries)} queries, ${readable(lines)} lines` : 'was there already';
  terminal.say(`shard ${index}/${count}: ${state}: ${store.place(name)}`);
  return true;
}

/** Which slates a run that writes a file takes; how many, where a pass that counts them is made or wanted. */
export async function selectSlates(
  split: ChosenSplit,
  work: ShardedWork,
  shard: ShardNumber | undefined,
  context: Context,
): Promise<{ includes: (slate: Slate) => boolean; queries: number | undefined }> {
  if (shard === undefined) return { includes: split.includes, queries: await split.count(context) };
  const chosen = (await work.plan(shard.count))[shard.index - 1]!;
  const isOwn = inShard(chosen);
  return { includes: (slate) => split.includes(slate) && isOwn(slate), queries: chosen.queries };
}

import { expect, test } from 'vitest';
import type { Slate } from '../../src/data/slate.js';
import { inShard, planShards, slatesOf } from '../../src/shards/plan.js';
import { gather } from '../helpers/gather.js';
import { FakePolicy, fakeLog } from '../policy/fake-policy.js';

async function* stream(slates: readonly Slate[], read: string[] = []): AsyncGenerator<Slate> {
  for (const slate of slates) {
    read.push(slate.id);
    yield slate;
  }
}
const plan = (slates: readonly Slate[], count: number, policy = new FakePolicy()) =>
  planShards(policy, stream(slates), count, ({ responses }) => responses.length);

test.each([1, 2, 3, 5, 7, 12])('%d shards are runs of whole batches that cover the log once', async (count) => {
  const log = fakeLog(9);
  const shards = await plan(log, count);
  expect(shards).toHaveLength(count);
  const batches: string[][] = [];
  const ids: string[] = [];
  for (const shard of shards) {
    const own = await gather(slatesOf(stream(log), shard));
    expect(own).toHaveLength(shard.queries);
    expect(own.flatMap(({ responses }) => responses)).toHaveLength(shard.lines);
    expect(log.filter(inShard(shard))).toEqual(own);
    ids.push(...own.map(({ id }) => id));
    for await (const batch of new FakePolicy().batches(own)) batches.push(batch.map(({ query }) => query));
  }
  expect(ids).toEqual(log.map(({ id }) => id));
  expect(batches).toEqual([['q0', 'q1'], ['q2', 'q3'], ['q4', 'q5'], ['q6', 'q7'], ['q8']]);
});

test('slates that are in no batch do not move the cuts', async () => {
  const log = fakeLog(12);
  const tooLong = new Set(['q0', 'q3', 'q4', 'q11']);
  class Choosy extends FakePolicy {
    override batches(slates: AsyncIterable<Slate>) {
      async function* short() {
        for await (const slate of slates) if (!tooLong.has(slate.id)) yield slate;
      }
      return super.batches(short());
    }
  }
  const shards = await plan(log, 2, new Choosy());
  expect(shards.map(({ from, to, queries }) => ({ from, to, queries }))).toEqual([
    { from: 0, to: 7, queries: 4 },
    { from: 7, to: 12, queries: 4 },
  ]);
});

test('reads no further than its shard', async () => {
  const log = fakeLog(9);
  const [, second] = await plan(log, 4);
  const read: string[] = [];
  await gather(slatesOf(stream(log, read), second!));
  expect(read).toEqual(['q0', 'q1', 'q2', 'q3']);
});

import { expect, test } from 'vitest';
import { LoggedDataset } from '../../src/data/dataset.js';
import type { LinePlace } from '../../src/data/lines.js';
import type { Slate } from '../../src/data/slate.js';
import { inShard, planShards, slatesOf } from '../../src/shards/plan.js';
import { gather } from '../helpers/gather.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';
import { FakePolicy, fakeLog } from '../policy/fake-policy.js';

const folder = useTemporaryFolder();

async function* stream(slates: readonly Slate[], read: string[] = []): AsyncGenerator<Slate> {
  for (const slate of slates) {
    read.push(slate.id);
    yield slate;
  }
}
const plan = (slates: readonly Slate[], count: number, policy = new FakePolicy()) =>
  planShards(policy, LoggedDataset.fromSlates(slates).located(), count, ({ responses }) => responses.length);

test.each([1, 2, 3, 5, 7, 12])('%d shards are runs of whole batches that cover the log once', async (count) => {
  const log = fakeLog(9);
  const shards = await plan(log, count);
  expect(shards).toHaveLength(count);
  const batches: string[][] = [];
  const ids: string[] = [];
  for (const shard of shards) {
    const own = await gather(slatesOf(() => stream(log), shard));
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
  await gather(slatesOf(() => stream(log, read), second!));
  expect(read).toEqual(['q0', 'q1', 'q2', 'q3']);
});

test('begins in a file of lines where its slates begin', async () => {
  const slates = fakeLog(9);
  const path = await folder.write(
    'log.jsonl',
    `\uFEFF\n${slates.map((slate) => `${JSON.stringify(slate)}\r\n\n`).join('')}`,
  );
  const log = await LoggedDataset.open(path);
  const shards = await planShards(new FakePolicy(), log.located(), 4, () => 1);
  expect(shards.map(({ at }) => at?.line)).toEqual([undefined, 6, 10, 14]);
  for (const shard of shards) {
    const from: string[] = [];
    const read = async function* (place: LinePlace | null) {
      for await (const { slate } of log.located(place)) {
        from.push(slate.id);
        yield slate;
      }
    };
    expect(await gather(slatesOf(read, shard))).toEqual(slates.slice(shard.from, shard.to));
    expect(from).toHaveLength(shard.to - shard.from);
  }
  const twoFiles = await LoggedDataset.open([
    path,
    await folder.write('more.jsonl', '{"id":"z","prompt":"","responses":[{"id":"r","text":"t"}]}'),
  ]);
  for await (const { place } of twoFiles.located()) expect(place).toBe(null);
});

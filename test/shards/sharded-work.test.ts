import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { LoggedDataset } from '../../src/data/dataset.js';
import type { Slate } from '../../src/data/slate.js';
import { scoreToFile } from '../../src/policy/score-cache.js';
import type { WorkDescription } from '../../src/shards/manifest.js';
import { mergedLines, readManifest } from '../../src/shards/merge.js';
import { planShards, slatesOf } from '../../src/shards/plan.js';
import { openShards, type ShardedWork, writeShard } from '../../src/shards/sharded-work.js';
import { openShardStore, type ShardStore } from '../../src/shards/store.js';
import { gather } from '../helpers/gather.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';
import { FakePolicy, fakeLog } from '../policy/fake-policy.js';

const folder = useTemporaryFolder();
const log = fakeLog(9);
async function* stream(): AsyncGenerator<Slate> {
  yield* log;
}

let store: ShardStore;
beforeEach(async () => {
  store = await openShardStore(folder.path('run/'), {});
});

/** The scores of one process. */
async function whole(): Promise<string> {
  const path = folder.path('whole.jsonl');
  await scoreToFile(new FakePolicy(), stream(), path);
  return readFileSync(path, 'utf8');
}

function scoring(changed: Partial<WorkDescription> = {}): ShardedWork {
  const policy = new FakePolicy();
  const description = {
    ...{ kind: 'scores' as const, identity: policy.id, arithmetic: 'fake', log: 'sha256:log', plan: { split: null } },
    ...changed,
  };
  return {
    describe: async () => description,
    plan: (count) =>
      planShards(policy, LoggedDataset.fromSlates(log).located(), count, ({ responses }) => responses.length),
    write: async (shard, path) => void (await scoreToFile(policy, slatesOf(stream, shard), path)),
  };
}

async function merged(): Promise<string> {
  const lines = await gather(mergedLines(store, await readManifest(store)));
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

describe('shards', () => {
  test.each([1, 3, 5, 8])('%d of them, done by workers in any order, some twice, merge to the whole', async (count) => {
    const worker = async (order: (indices: number[]) => number[]) => {
      const work = scoring();
      const manifest = await openShards(store, work, count);
      for (const index of order(Array.from({ length: count }, (_, i) => i + 1))) {
        await writeShard(store, work, manifest, index);
      }
    };
    await Promise.all([worker((all) => all), worker((all) => all.reverse()), worker((all) => all.slice(1))]);
    expect(await merged()).toBe(await whole());
  });

  test('a shard that is there is not done again', async () => {
    const work = scoring();
    const manifest = await openShards(store, work, 3);
    expect(await writeShard(store, work, manifest, 2)).toBe(true);
    const refuses: ShardedWork = { ...work, write: () => Promise.reject(new Error('was done again')) };
    expect(await writeShard(store, refuses, manifest, 2)).toBe(false);
  });

  test('a worker that fails leaves nothing', async () => {
    const work = scoring();
    const manifest = await openShards(store, work, 3);
    const fails: ShardedWork = {
      ...work,
      async write(shard, path) {
        await work.write(shard, path);
        throw new Error('late');
      },
    };
    await expect(writeShard(store, fails, manifest, 1)).rejects.toThrow('late');
    expect(await store.has(manifest.shards[0]!.name)).toBe(false);
  });

  test.each<[string, Partial<WorkDescription>, RegExp]>([
    ['another policy', { identity: 'sha256:other' }, /identity.* is "sha256:first" there and "sha256:other" here/],
    ['another log', { log: 'sha256:changed' }, /the log/],
    ['another kind', { kind: 'generations' }, /what is made/],
    ['another machine', { arithmetic: 'cpu, avx2' }, /what computes/],
    ['other settings', { plan: { split: 'test' } }, /"split" is null there and "test" here/],
    ['settings that it has more', { plan: { split: null, batchTokens: 9 } }, /"batchTokens"/],
  ])('of %s are refused', async (_, changed, message) => {
    await openShards(store, scoring(), 3);
    await expect(openShards(store, scoring(changed), 3)).rejects.toMatchObject({
      code: 'SHARDS_DIFFER',
      message: expect.stringMatching(message),
    });
  });

  test('in another number are refused', async () => {
    await openShards(store, scoring(), 3);
    await expect(openShards(store, scoring(), 4)).rejects.toMatchObject({ code: 'SHARDS_DIFFER' });
  });
});

describe('merging', () => {
  async function allShards(): Promise<string[]> {
    const work = scoring();
    const manifest = await openShards(store, work, 4);
    for (let index = 1; index <= 4; index++) await writeShard(store, work, manifest, index);
    return manifest.shards.map(({ name }) => store.place(name));
  }

  test('names the shards that are not there', async () => {
    const files = await allShards();
    for (const file of [files[1]!, files[3]!]) rmSync(file);
    await expect(merged()).rejects.toMatchObject({
      code: 'SHARDS_MISSING',
      message: expect.stringContaining('2 of 4 shards are not there: --shard 2/4, 4/4'),
    });
  });

  test.each<[string, (text: string) => string, RegExp]>([
    ['too few lines', (text) => text.slice(text.indexOf('\n') + 1), /has \d lines, but \d in the manifest/],
    ['a line of another policy', (text) => text.replace('sha256:first', 'sha256:second'), /line 1 is of other work/],
    ['a broken line', (text) => text.slice(0, -9), /line \d is no JSON/],
  ])('refuses a shard with %s', async (_, change, message) => {
    const [first] = await allShards();
    writeFileSync(first!, change(readFileSync(first!, 'utf8')));
    await expect(merged()).rejects.toMatchObject({ code: 'SHARD_INVALID', message: expect.stringMatching(message) });
  });

  test('needs a manifest, and a sound one', async () => {
    await expect(merged()).rejects.toMatchObject({ code: 'SHARDS_NOT_FOUND' });
    await store.publish('manifest.json', { text: '{"format":"other"}' });
    await expect(merged()).rejects.toMatchObject({ code: 'INVALID_JSON' });
  });
});

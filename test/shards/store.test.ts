import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isShardStore, openShardStore } from '../../src/shards/store.js';
import { fakeBucket } from '../helpers/fake-bucket.js';
import { gather } from '../helpers/gather.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';

const folder = useTemporaryFolder();

const contents = async (stream: AsyncIterable<Buffer>) => Buffer.concat(await gather(stream)).toString();

describe.each([
  ['a folder', async () => openShardStore(folder.path('run/'), {})],
  ['a bucket', async () => openShardStore('s3://pope/runs/a b', (await fakeBucket()).environment)],
])('%s', (_, open) => {
  test('gives a name to the first who publishes it', async () => {
    const store = await open();
    expect(await store.has('a.jsonl')).toBe(false);
    expect(await store.read('a.jsonl')).toBe(null);
    await expect(contents(store.stream('a.jsonl'))).rejects.toMatchObject({ code: 'SHARDS_MISSING' });
    expect(await store.publish('a.jsonl', { text: 'first\n' })).toBe(true);
    expect(await store.publish('a.jsonl', { file: await folder.write('b', 'second\n') })).toBe(false);
    expect(await store.has('a.jsonl')).toBe(true);
    expect(await store.read('a.jsonl')).toBe('first\n');
    expect(await contents(store.stream('a.jsonl'))).toBe('first\n');
  });

  test('has one winner among many at once', async () => {
    const store = await open();
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, i) => store.publish('m', { text: `${i}`.repeat(1000) })),
    );
    expect(results.filter(Boolean)).toHaveLength(1);
    expect(await store.read('m')).toBe(`${results.indexOf(true)}`.repeat(1000));
  });
});

test('a folder is left without temporary files', async () => {
  const store = await openShardStore(folder.path('run/'), {});
  await store.publish('a', { text: 'x' });
  await store.publish('a', { text: 'y' });
  expect(readdirSync(folder.path('run'))).toEqual(['a']);
  expect(readFileSync(join(folder.path('run'), 'a'), 'utf8')).toBe('x');
});

test('a bucket is asked again while it is busy, and told what is wrong otherwise', async () => {
  const mishaps = [{ status: 409 }, { status: 503 }, 'hang up' as const];
  const { environment, objects, requests } = await fakeBucket(mishaps);
  const store = await openShardStore('s3://pope/run', environment);
  expect(await store.publish('a', { text: 'x' })).toBe(true);
  expect(requests).toHaveLength(4);
  expect([...objects.keys()]).toEqual(['/pope/run/a']);
  const refused = await openShardStore('s3://pope/run', { ...environment, AWS_ACCESS_KEY_ID: 'other' });
  await expect(refused.read('a')).rejects.toMatchObject({
    code: 'BUCKET_FAILED',
    message: expect.stringMatching(/^s3:\/\/pope\/run\/a: GET gives status 403/),
  });
});

test('says what is missing for a bucket', async () => {
  await expect(openShardStore('s3://', {})).rejects.toMatchObject({ code: 'BUCKET_ADDRESS' });
  await expect(openShardStore('s3://pope', {})).rejects.toMatchObject({ code: 'BUCKET_KEYS' });
});

test('tells places for shards from files', async () => {
  expect(await isShardStore(folder.path('run/'))).toBe(true);
  expect(await isShardStore(folder.path(''))).toBe(true);
  expect(await isShardStore('s3://pope/run')).toBe(true);
  expect(await isShardStore(folder.path('scores.jsonl'))).toBe(false);
});

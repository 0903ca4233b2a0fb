import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openBroker } from '../../src/fleet/broker.js';
import { fleetStatus, queueName, submitShards } from '../../src/fleet/shard-jobs.js';
import { formatManifest, MANIFEST, type Manifest, newManifest } from '../../src/shards/manifest.js';
import { mergedLines } from '../../src/shards/merge.js';
import { openShardStore, type ShardStore } from '../../src/shards/store.js';
import { finished, startNode } from '../cli/run-cli.js';
import { gather } from '../helpers/gather.js';
import { hasRedis, TestRedis } from '../helpers/redis.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';

const SHARDS = 40;
const SLATES_EACH = 3;
const script = fileURLToPath(new URL('worker.mjs', import.meta.url));
const folder = useTemporaryFolder();

describe.skipIf(!hasRedis)('a fleet', () => {
  let redis: TestRedis;
  let store: ShardStore;
  let manifest: Manifest;
  const workers: ChildProcess[] = [];

  beforeAll(async () => {
    redis = await TestRedis.start();
  });
  beforeEach(async (context) => {
    store = await openShardStore(folder.path('run/'), {});
    const shards = Array.from({ length: SHARDS }, (_, i) => {
      return { from: SLATES_EACH * i, to: SLATES_EACH * (i + 1), at: null, queries: SLATES_EACH, lines: SLATES_EACH };
    });
    const description = { identity: 'sha256:fake', arithmetic: 'none', log: `sha256:${context.task.id}`, plan: {} };
    manifest = newManifest({ kind: 'scores', ...description }, shards);
    await store.publish(MANIFEST, { text: formatManifest(manifest) });
  });
  afterEach(() => {
    for (const worker of workers.splice(0)) worker.kill('SIGKILL');
  });

  function startWorker({ pause = 30, poison = 0, concurrency = 2 } = {}): ChildProcess {
    const worker = startNode([script, folder.path('run/'), redis.url, ...[pause, poison, concurrency].map(String)]);
    workers.push(worker);
    return worker;
  }
  const status = async () => {
    const queue = (await openBroker(redis.url)).queue(queueName(manifest));
    const now = await fleetStatus(queue, store, manifest);
    await queue.close();
    return now;
  };
  const submit = async (retryFailed = true) => {
    const queue = (await openBroker(redis.url)).queue(queueName(manifest));
    const counts = await submitShards(queue, store, manifest, { retryFailed });
    await queue.close();
    return counts;
  };
  const merged = async () =>
    (await gather(mergedLines(store, manifest))).map((line) => (line as { slate: number }).slate);
  const whole = Array.from({ length: SHARDS * SLATES_EACH }, (_, slate) => slate);
  const doneAtLeast = async (count: number) => {
    while ((await status()).done < count) await sleep(20);
  };

  test('does every shard once, whoever submits and however often', async () => {
    expect(await submit()).toEqual({ done: 0, pending: SHARDS });
    expect(await submit()).toEqual({ done: 0, pending: SHARDS });
    const outcomes = await Promise.all([finished(startWorker()), finished(startWorker())]);
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
    expect(outcomes.reduce((sum, { stdout }) => sum + Number(stdout), 0)).toBe(SHARDS);
    expect(await merged()).toEqual(whole);
    expect(await submit()).toEqual({ done: SHARDS, pending: 0 });
  });

  test('goes on when a worker is killed, and makes a lost file again', async () => {
    const killed = startWorker();
    const survivor = finished(startWorker());
    await doneAtLeast(5);
    killed.kill('SIGKILL');
    expect(await survivor).toMatchObject({ code: 0 });
    expect(await merged()).toEqual(whole);
    rmSync(store.place(manifest.shards[6]!.name));
    expect(await finished(startWorker())).toMatchObject({ code: 0, stdout: '1\n' });
    expect(await merged()).toEqual(whole);
  });

  test('goes on when the queue is killed, and when it has forgotten everything', async () => {
    const outcomes = Promise.all([finished(startWorker()), finished(startWorker())]);
    await doneAtLeast(3);
    await redis.kill();
    await redis.start();
    await doneAtLeast(10);
    await redis.call((client) => client.flushall());
    expect((await outcomes).map(({ code }) => code)).toEqual([0, 0]);
    expect(await merged()).toEqual(whole);
  });

  test('leaves a shard that kills its workers behind, and names it', async () => {
    let last = { code: null as number | null, stderr: '' };
    for (let lives = 0; lives < 6 && last.code !== 1; lives++)
      last = await finished(startWorker({ pause: 1, poison: 7, concurrency: 1 }));
    expect(last).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^SHARDS_FAILED: .*shard 7 failed for good: .*stalled/),
    });
    expect(await status()).toMatchObject({ done: SHARDS - 1, failed: [{ shard: 7 }], lost: 0 });
    await expect(merged()).rejects.toMatchObject({ code: 'SHARDS_MISSING' });
    expect(await submit()).toEqual({ done: SHARDS - 1, pending: 1 });
    expect(await finished(startWorker())).toMatchObject({ code: 0, stdout: '1\n' });
    expect(await merged()).toEqual(whole);
  });

  test('has a worker give its shards back when it is told to stop, also while the queue is away', async () => {
    const stopped = startWorker({ pause: 60_000 });
    const outcome = finished(stopped);
    while ((await status()).active < 2) await sleep(20);
    stopped.kill('SIGTERM');
    expect(await outcome).toMatchObject({ code: 130 });
    expect(await status()).toMatchObject({ active: 0, waiting: SHARDS });
    const alone = startWorker({ pause: 60_000 });
    const end = finished(alone);
    while ((await status()).active < 2) await sleep(20);
    await redis.kill();
    alone.kill('SIGTERM');
    expect(await end).toMatchObject({ code: 130 });
    await redis.start();
  }, 30_000);
});

describe.skipIf(!hasRedis)('a queue', () => {
  test('that may lose jobs is refused', async () => {
    const redis = await TestRedis.start({ options: ['--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru'] });
    await expect(openBroker(redis.url)).rejects.toMatchObject({
      code: 'QUEUE_FORGETS',
      message: expect.stringMatching(/set appendonly yes.*set maxmemory-policy noeviction/),
    });
  });

  test('that is not there is named without its password', async () => {
    await expect(openBroker('redis://user:secret@127.0.0.1:1')).rejects.toMatchObject({
      code: 'QUEUE_FAILED',
      message: expect.stringMatching(/^redis:\/\/127\.0\.0\.1:1/),
    });
  });
});

test('the address of a queue is checked first', async () => {
  for (const address of ['http://x', 'redis', '']) {
    await expect(openBroker(address)).rejects.toMatchObject({ code: 'QUEUE_ADDRESS' });
  }
});

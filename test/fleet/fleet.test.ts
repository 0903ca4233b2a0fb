import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { finished } from '../cli/run-cli.js';
import { hasRedis, TestRedis } from '../helpers/redis.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { FakeRun, SHARDS, WHOLE } from './fake-run.js';

const folder = temporaryFolder();

// They sleep more than they work: all at once.
describe.skipIf(!hasRedis).concurrent(
  'a fleet',
  () => {
    let redis: TestRedis;
    beforeAll(async () => {
      redis = await TestRedis.start();
    });
    const plan = (name: string, { url } = redis) => FakeRun.plan(join(folder, name, '/'), url);

    test('does every shard once, whoever submits and however often', async () => {
      const run = await plan('twice');
      expect(await run.submit()).toEqual({ done: 0, pending: SHARDS });
      expect(await run.submit()).toEqual({ done: 0, pending: SHARDS });
      const outcomes = await Promise.all([finished(run.startWorker()), finished(run.startWorker())]);
      expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
      expect(outcomes.reduce((sum, { stdout }) => sum + Number(stdout), 0)).toBe(SHARDS);
      expect(await run.merged()).toEqual(WHOLE);
      expect(await run.submit()).toEqual({ done: SHARDS, pending: 0 });
    });

    test('goes on when a worker is killed, and makes a lost file again', async () => {
      const run = await plan('killed');
      const killed = run.startWorker();
      const survivor = finished(run.startWorker());
      await run.until(({ done }) => done >= 5);
      killed.kill('SIGKILL');
      expect(await survivor).toMatchObject({ code: 0 });
      expect(await run.merged()).toEqual(WHOLE);
      rmSync(run.store.place(run.manifest.shards[6]!.name));
      expect(await finished(run.startWorker())).toMatchObject({ code: 0, stdout: '1\n' });
      expect(await run.merged()).toEqual(WHOLE);
    });

    test('goes on when the queue is killed, and when it has forgotten everything', async () => {
      const own = await TestRedis.start();
      const run = await plan('forgotten', own);
      const outcomes = Promise.all([finished(run.startWorker()), finished(run.startWorker())]);
      // Both are at work: a worker that begins while there is no queue says so and ends.
      await run.until(({ done, active }) => done >= 3 && active > 2);
      await own.kill();
      await own.start();
      await run.until(({ done }) => done >= 10);
      await own.call((client) => client.flushall());
      expect((await outcomes).map(({ code }) => code)).toEqual([0, 0]);
      expect(await run.merged()).toEqual(WHOLE);
    });

    test('leaves a shard that kills its workers behind, and names it', async () => {
      const run = await plan('poisoned');
      const deadly = { pause: 1, poison: 7, concurrency: 1, lock: 800 };
      let last = { code: null as number | null, stderr: '' };
      for (let lives = 0; lives < 6 && last.code !== 1; lives++) last = await finished(run.startWorker(deadly));
      expect(last).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^SHARDS_FAILED: .*shard 7 failed for good: .*stalled/),
      });
      expect(await run.status()).toMatchObject({ done: SHARDS - 1, failed: [{ shard: 7 }], lost: 0 });
      await expect(run.merged()).rejects.toMatchObject({ code: 'SHARDS_MISSING' });
      expect(await run.submit()).toEqual({ done: SHARDS - 1, pending: 1 });
      expect(await finished(run.startWorker())).toMatchObject({ code: 0, stdout: '1\n' });
      expect(await run.merged()).toEqual(WHOLE);
    });

    test('has a worker give its shards back when it is told to stop, also while the queue is away', async () => {
      const own = await TestRedis.start();
      const run = await plan('stopped', own);
      const stopped = run.startWorker({ pause: 60_000 });
      const outcome = finished(stopped);
      await run.until(({ active }) => active === 2);
      stopped.kill('SIGTERM');
      expect(await outcome).toMatchObject({ code: 130 });
      expect(await run.status()).toMatchObject({ active: 0, waiting: SHARDS });
      const alone = run.startWorker({ pause: 60_000 });
      const end = finished(alone);
      await run.until(({ active }) => active === 2);
      await own.kill();
      alone.kill('SIGTERM');
      expect(await end).toMatchObject({ code: 130 });
    });
  },
  120_000,
);

/** What keeps a worker from its results ends it with an error of its own, and costs no shard. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openBroker } from '../../src/fleet/broker.js';
import { finished, runCli } from '../cli/run-cli.js';
import { fakeBucket } from '../helpers/fake-bucket.js';
import { canInjectFaults, faultsLibrary } from '../helpers/faults.js';
import { hasRedis, TestRedis } from '../helpers/redis.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { FakeRun, SHARDS, WHOLE, type WorkerOptions } from './fake-run.js';

const folder = temporaryFolder();

describe.skipIf(!hasRedis)(
  'a worker',
  () => {
    let redis: TestRedis;
    beforeAll(async () => {
      redis = await TestRedis.start();
    });

    /** Another worker, without the trouble, does all that the first gave back. */
    async function expectGivenBack(run: FakeRun, environment = {}): Promise<void> {
      const { done, failed, waiting, lost } = await run.status();
      expect({ failed, lost, known: done + waiting }).toEqual({ failed: [], lost: 0, known: SHARDS });
      expect(done).toBeLessThan(SHARDS);
      expect(await finished(run.startWorker({ pause: 0, environment }))).toMatchObject({ code: 0 });
      expect(await run.merged()).toEqual(WHOLE);
    }
    const outcomeOf = (run: FakeRun, options: WorkerOptions) => finished(run.startWorker({ pause: 0, ...options }));

    describe.skipIf(!canInjectFaults)('whose disk', () => {
      test.each([
        ['is full where the shards go', 'run', { FAULT_BYTES: '500' }, 1, /^WRITE_FAILED: \S*\/run\/scores-.*ENOSPC/],
        [
          'is full where it works',
          'work',
          { FAULT_BYTES: '0' },
          2,
          /^OUTPUT_NOT_WRITABLE: \S*\/work\/pope-shard-.*ENOSPC/,
        ],
        ['has gone read-only', 'run', { FAULT_READONLY: '1' }, 2, /^OUTPUT_NOT_WRITABLE: \S*\/run\/scores-.*EROFS/],
      ])('%s', async (name, root, fault, code, stderr) => {
        const place = join(folder, name.replaceAll(' ', '-'));
        const run = await FakeRun.plan(join(place, 'run/'), redis.url);
        mkdirSync(join(place, 'work'));
        await run.submit();
        const environment = {
          ...faultsLibrary(place),
          ...fault,
          FAULT_ROOT: join(place, root),
          TMPDIR: join(place, 'work'),
        };
        expect(await outcomeOf(run, { environment })).toMatchObject({ code, stderr: expect.stringMatching(stderr) });
        await expectGivenBack(run);
      });
    });

    test('whose bucket refuses its keys', async () => {
      const { environment, denied } = await fakeBucket();
      const run = await FakeRun.plan('s3://pope/refused', redis.url, environment);
      await run.submit();
      denied.add('PUT');
      expect(await outcomeOf(run, { environment })).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^BUCKET_FAILED: s3:\/\/pope\/refused\/scores-\S* PUT gives status 403/),
      });
      denied.clear();
      await expectGivenBack(run, environment);
    });

    test('whose Redis is full', async () => {
      const place = join(folder, 'full/');
      const run = await FakeRun.plan(place, redis.url);
      await run.submit();
      await redis.call((client) => client.config('SET', 'maxmemory', '1'));
      const refused = { code: 1, stderr: expect.stringMatching(/QUEUE_FAILED: redis:\S* refuses: OOM /) };
      expect(await outcomeOf(run, {})).toMatchObject(refused);
      expect(await runCli(['fleet', 'submit', place, '--queue', redis.url])).toMatchObject(refused);
      await redis.call((client) => client.config('SET', 'maxmemory', '0'));
      await expectGivenBack(run);
    });
  },
  120_000,
);

describe.skipIf(!hasRedis)('a Redis', () => {
  test('that may lose jobs is refused', async () => {
    const redis = await TestRedis.start({ options: ['--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru'] });
    await expect(openBroker(redis.url)).rejects.toMatchObject({
      code: 'QUEUE_FORGETS',
      message: expect.stringMatching(/set appendonly yes.*set maxmemory-policy noeviction/),
    });
  });
});

test.each(['redis', 'postgres'])('a %s that is not there is named without its password', async (server) => {
  await expect(openBroker(`${server}://user:secret@127.0.0.1:1`)).rejects.toMatchObject({
    code: 'QUEUE_FAILED',
    message: expect.stringMatching(new RegExp(`^${server}://127\\.0\\.0\\.1:1.*ECONNREFUSED`)),
  });
});

test('the address of a queue is checked first', async () => {
  for (const address of ['http://x', 'redis', '']) {
    await expect(openBroker(address)).rejects.toMatchObject({ code: 'QUEUE_ADDRESS' });
  }
});

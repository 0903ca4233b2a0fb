import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { openBroker } from '../../src/fleet/broker.js';
import { finished } from '../cli/run-cli.js';
import { cuttingProxy } from '../helpers/cutting-proxy.js';
import { hasPostgres, TestPostgres } from '../helpers/postgres.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { FakeRun, SHARDS, WHOLE } from './fake-run.js';

const folder = temporaryFolder();

describe.skipIf(!hasPostgres)('a fleet on PostgreSQL', () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = await TestPostgres.start();
  }, 120_000);

  test('goes on when a worker is killed', async () => {
    const run = await FakeRun.plan(join(folder, 'run/'), postgres.url);
    expect(await run.submit()).toEqual({ done: 0, pending: SHARDS });
    expect(await run.submit()).toEqual({ done: 0, pending: SHARDS });
    const killed = run.startWorker();
    const survivor = finished(run.startWorker());
    await run.until(({ done }) => done >= 3);
    killed.kill('SIGKILL');
    expect(await survivor).toMatchObject({ code: 0, stderr: '' });
    expect(await run.merged()).toEqual(WHOLE);
    expect(await run.status()).toMatchObject({ done: SHARDS, active: 0, waiting: 0, failed: [], lost: 0 });
  }, 120_000);

  test('waits for a server that goes away while a worker meets it', async () => {
    const proxy = await cuttingProxy(postgres.port, (connection) => connection >= 2 && connection <= 6);
    const run = await FakeRun.plan(join(folder, 'cut/'), postgres.url);
    await run.submit();
    const worker = finished(run.startWorker({ queue: postgres.urlAt(proxy.port) }));
    expect(await worker).toMatchObject({ code: 0, stderr: '' });
    expect(proxy.cut).toBe(5);
    expect(await run.merged()).toEqual(WHOLE);
  }, 120_000);

  test('ends when a worker is told to stop while it waits for its server', async () => {
    const proxy = await cuttingProxy(postgres.port, (connection) => connection >= 2);
    const run = await FakeRun.plan(join(folder, 'stopped/'), postgres.url);
    const worker = run.startWorker({ queue: postgres.urlAt(proxy.port) });
    const ended = finished(worker);
    while (proxy.cut < 3) await sleep(20);
    worker.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 130, stderr: 'INTERRUPTED: stopped by SIGTERM\n' });
  }, 30_000);

  test('refuses a server that does not force its promises to disk', async () => {
    await postgres.crash();
    await postgres.start('fsync=off');
    await expect(openBroker(postgres.url)).rejects.toMatchObject({
      code: 'QUEUE_FORGETS',
      message: expect.stringContaining('set fsync on'),
    });
  });
});

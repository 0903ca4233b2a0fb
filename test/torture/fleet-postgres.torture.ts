/** A PostgreSQL that crashes under the workers of a fleet, again and again: they go on when it is back. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { finished } from '../cli/run-cli.js';
import { FakeRun, SHARDS, WHOLE } from '../fleet/fake-run.js';
import { hasPostgres, TestPostgres } from '../helpers/postgres.js';
import { reportTorture } from '../helpers/torture.js';
import { scratchFolder } from './scratch.js';

const IS_QUICK = process.env.POPE_TORTURE_QUICK === '1';
const CRASHES = 20;
const folder = scratchFolder();

it.skipIf(IS_QUICK || !hasPostgres)('workers outlive the crashes of their server', async () => {
  const postgres = await TestPostgres.start();
  for (let crash = 1; crash <= CRASHES; crash++) {
    const run = await FakeRun.plan(join(folder, `run-${crash}/`), postgres.url);
    await run.submit();
    const workers = [run.startWorker(), run.startWorker()].map(finished);
    await run.until(({ done }) => done >= 10);
    await postgres.crash();
    await postgres.start();
    for (const worker of workers) expect(await worker).toMatchObject({ code: 0, stderr: '' });
    expect(await run.merged()).toEqual(WHOLE);
    expect(await run.status()).toMatchObject({ done: SHARDS, active: 0, waiting: 0, failed: [], lost: 0 });
  }
  reportTorture(`fleet on PostgreSQL: ${CRASHES} crashes outlived by two workers`);
});

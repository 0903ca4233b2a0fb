/** A PostgreSQL that crashes under the workers of a fleet, again and again: they go on when it is back. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { finished } from '../cli/run-cli.js';
import { FakeRun, SHARDS, WHOLE } from '../fleet/fake-run.js';
import { hasPostgres, TestPostgres } from '../helpers/postgres.js';
import { draws, reportTorture, tortureCases } from '../helpers/torture.js';
import { scratchFolder } from './scratch.js';

const CRASHES = tortureCases(20);
const SEED = 12;
const folder = scratchFolder();

it.skipIf(!hasPostgres)('workers outlive the crashes of their server', async () => {
  const draw = draws(SEED);
  const postgres = await TestPostgres.start();
  for (let crash = 1; crash <= CRASHES; crash++) {
    const run = await FakeRun.plan(join(folder, `run-${crash}/`), postgres.url);
    await run.submit();
    const workers = [run.startWorker({ pause: 100 }), run.startWorker({ pause: 100 })].map(finished);
    // Each does two at a time: both have met their server.
    await run.until(({ active }) => active > 2);
    await sleep(800 * draw());
    await postgres.crash();
    await postgres.start();
    for (const worker of workers) expect(await worker).toMatchObject({ code: 0, stderr: '' });
    expect(await run.merged()).toEqual(WHOLE);
    expect(await run.status()).toMatchObject({ done: SHARDS, active: 0, waiting: 0, failed: [], lost: 0 });
  }
  reportTorture(`fleet on PostgreSQL: ${CRASHES} crashes outlived by two workers`);
});

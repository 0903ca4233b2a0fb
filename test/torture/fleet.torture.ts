/** A fleet whose workers and whose queue are killed at random moments, its log rolled back, one shard poisoned: the bytes of one process, nothing lost. */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { smallLog, writeLog } from '../cli/logs.js';
import { finished, main, type Outcome, runCli, startNode } from '../cli/run-cli.js';
import { hasRedis, TestRedis } from '../helpers/redis.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { draws, reportTorture } from '../helpers/torture.js';
import { scratchFolder } from './scratch.js';

const IS_QUICK = process.env.POPE_TORTURE_QUICK === '1';
const SHARDS = IS_QUICK ? 200 : 10_000;
const EVENTS = IS_QUICK
  ? { workerKilled: 3, queueKilled: 1, queueRolledBack: 1 }
  : { workerKilled: 100, queueKilled: 10, queueRolledBack: 10 };
const WORKERS = 2;
const SEED = 13;
/** Seconds of silence after which a worker has lost its shard. */
const LOCK = 2;

type Event = keyof typeof EVENTS;

const folder = scratchFolder();
const place = join(folder, 'run/');
const workers: (ChildProcess | undefined)[] = [];
afterAll(() => {
  for (const worker of workers) worker?.kill('SIGKILL');
});

const succeeded = async (argv: readonly string[]): Promise<Outcome> => {
  const outcome = await runCli(argv);
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  return outcome;
};
const published = () => readdirSync(place).filter((name) => name.startsWith('scores-')).length;

it.runIf(hasRedis)('a fleet under kills ends with the bytes of one process', async () => {
  const draw = draws(SEED);
  const log = writeLog(join(folder, 'log.jsonl'), smallLog(1.2 * SHARDS));
  // A batch holds one query, so that there are shards enough.
  const command = ['score', log, '--model', await tinyModel(), '--batch-tokens', '1'];
  const whole = join(folder, 'whole.jsonl');
  await succeeded([...command, '-o', whole]);
  await succeeded([...command, '-o', place, '--shard', `0/${SHARDS}`]);
  const redis = await TestRedis.start({ timed: true });
  const queue = ['--queue', redis.url];
  await succeeded(['fleet', 'submit', place, ...queue]);

  const work = [main, 'fleet', 'work', place, ...queue, '--lock', `${LOCK}`, '--', ...command];
  const poisoned = 1 + Math.floor(draw() * SHARDS);
  const POISON = `-${String(poisoned).padStart(5, '0')}-of-`;
  const poison = ['--import', join(import.meta.dirname, 'poison.mjs')];
  const counts = { poisoned: 0, foundNoQueue: 0 };
  const ends: Outcome[] = [];

  /** Keeps a worker alive until it says that nothing is left to do. */
  async function keepWorking(index: number): Promise<void> {
    for (;;) {
      const child = startNode([...poison, ...work], { environment: { POISON } });
      workers[index] = child;
      const outcome = await finished(child);
      if (outcome.code === 0 || outcome.stderr.includes('SHARDS_FAILED')) return void ends.push(outcome);
      if (outcome.stderr.includes('QUEUE_FAILED')) counts.foundNoQueue++;
      else {
        expect(outcome.signal, outcome.stderr).toBe('SIGKILL');
        if (!child.killed) counts.poisoned++;
      }
    }
  }

  const happen: Record<Event, () => Promise<void>> = {
    async workerKilled() {
      workers[Math.floor(draw() * WORKERS)]!.kill('SIGKILL');
    },
    async queueKilled() {
      await redis.kill();
      await sleep(1000 * draw());
      await redis.start();
    },
    async queueRolledBack() {
      await redis.kill();
      redis.rollBack(1);
      await redis.start();
    },
  };
  const started = performance.now();
  const atWork = Promise.all(Array.from({ length: WORKERS }, (_, index) => keepWorking(index)));
  const moments = (Object.keys(EVENTS) as Event[])
    .flatMap((event) => Array.from({ length: EVENTS[event] }, () => ({ event, done: 0.95 * SHARDS * draw() })))
    .sort((a, b) => a.done - b.done);
  for (const { event, done } of moments) {
    while (published() < done) await sleep(20);
    await happen[event]();
    await sleep(200 * draw());
  }
  await atWork;
  const seconds = (performance.now() - started) / 1000;

  const named = new RegExp(`SHARDS_FAILED: .*shard ${poisoned} failed for good: .*stalled`);
  for (const { stderr } of ends) expect(stderr).toMatch(named);
  const { stdout } = await succeeded(['fleet', 'status', place, ...queue, '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ done: SHARDS - 1, failed: [{ shard: poisoned }], active: 0, lost: 0 });
  const merged = join(folder, 'merged.jsonl');
  const refused = await runCli(['merge', place, '-o', merged]);
  expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining(`--shard ${poisoned}/${SHARDS};`) });

  await succeeded(['fleet', 'submit', place, ...queue]);
  const last = await finished(startNode(work));
  expect(last, last.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining('1 by this worker') });
  await succeeded(['merge', place, '-o', merged]);
  execFileSync('cmp', [merged, whole]);
  const hidden = readdirSync(place).filter((name) => name.startsWith('.'));
  reportTorture(
    `fleet: ${SHARDS} shards in ${seconds.toFixed(0)} s under ${JSON.stringify({ ...EVENTS, ...counts })}, ` +
      `${hidden.length} temporary files of killed workers left`,
  );
});

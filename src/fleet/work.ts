import { setTimeout as sleep } from 'node:timers/promises';
import { PopeError } from '../errors.js';
import type { Manifest } from '../shards/manifest.js';
import { type ShardedWork, writeShard } from '../shards/sharded-work.js';
import type { ShardStore } from '../shards/store.js';
import type { Broker, ShardQueue, ShardWorker, WorkerSettings } from './queue-server.js';
import { type FleetStatus, fleetStatus, pendingJobs, queueName, submitShards } from './shard-jobs.js';

/** Pause between two looks at how far the fleet is. */
const LOOK_MS = 1_000;
/** A worker that is told to stop waits so long for the server to take its shards back. */
const CLOSE_MS = 3_000;

/** Errors of this worker, its machine or its way to the results: others may do its shards, so they are given back as they were. */
const OF_THE_WORKER = new Set([
  'INTERRUPTED',
  ...['WRITE_FAILED', 'OUTPUT_NOT_WRITABLE', 'BUCKET_FAILED', 'LOG_UNREADABLE', 'LOG_CHANGED'],
]);

/** A timer that does not keep the process alive. */
const UNWATCHED = { ref: false };

export interface FleetWorkOptions extends Omit<WorkerSettings, 'onRefusal'> {
  /** Aborted: shards at work are given back, for others to do. */
  signal: AbortSignal;
  /** Hears now and then how many jobs wait or are at work in the whole fleet. */
  onLook?(pending: number): void;
}

/**
 * Does shards as the queue hands them out, until all files of the manifest are there.
 *
 * @returns how many this worker did
 * @throws PopeError SHARDS_FAILED when nothing is left but shards that failed for good; QUEUE_FAILED where the server refuses; what
 *   keeps this worker, but no other, from writing results (WRITE_FAILED, BUCKET_FAILED, ..); the reason of `signal`
 */
export async function workOnShards(
  broker: Broker,
  store: ShardStore,
  work: ShardedWork,
  manifest: Manifest,
  { signal, onLook, ...settings }: FleetWorkOptions,
): Promise<number> {
  const { DelayedError } = await import('bullmq');
  const name = queueName(manifest);
  let done = 0;
  // While the server is away its calls wait for ever, and a worker must be able to end all the same.
  const { ending, ended, end } = endOf(signal);
  const opening = broker.queue(name, ending);
  const worker = broker.worker(
    name,
    async (job, token) => {
      try {
        if (await writeShard(store, work, manifest, job.data.shard)) done++;
      } catch (error) {
        if (!(error instanceof PopeError && OF_THE_WORKER.has(error.code))) throw error;
        end(error);
        await job.moveToDelayed(Date.now(), token);
        throw new DelayedError();
      }
    },
    { ...settings, onRefusal: end },
    ending,
  );
  for (const each of [opening, worker]) each.catch(end);
  /** Whether all files are there. */
  async function look(): Promise<boolean> {
    const queue = await opening;
    const pending = await pendingJobs(queue);
    onLook?.(pending);
    if (pending > 0) return false;
    const status = await fleetStatus(queue, store, manifest);
    if (status.done === status.shards) return true;
    requireProgress(store, status);
    // The server has lost jobs, as Redis may on a power cut: whoever sees it first adds them again.
    if (status.lost > 0) await submitShards(queue, store, manifest, { retryFailed: false });
    return false;
  }
  const awaiting = (error: unknown) => {
    if (broker.isAway(error)) return false;
    throw error;
  };
  try {
    while (!(await Promise.race([look().catch(awaiting), ended]))) {
      await Promise.race([sleep(LOOK_MS, undefined, UNWATCHED), ended]);
    }
    return done;
  } catch (error) {
    throw broker.named(error);
  } finally {
    end();
    await closeWithin(CLOSE_MS, worker, opening);
  }
}

/** @throws PopeError SHARDS_FAILED when nothing is left but shards that failed for good */
export function requireProgress(store: ShardStore, { failed, active, waiting, lost }: FleetStatus): void {
  if (failed.length === 0 || active + waiting + lost > 0) return;
  const [{ shard, reason }] = failed as [FleetStatus['failed'][number]];
  const others = failed.length > 1 ? ` (and ${failed.length - 1} more: pope fleet status lists them)` : '';
  throw new PopeError(
    'SHARDS_FAILED',
    `${store.place('')}: shard ${shard} failed for good: ${reason}${others}; pope fleet submit tries them again`,
  );
}

/** The first reason to end, that of `signal` or one that is given to `end`, aborts `ending` and rejects `ended`. */
function endOf(signal: AbortSignal): { ending: AbortSignal; ended: Promise<never>; end: (reason?: unknown) => void } {
  const controller = new AbortController();
  const ending = controller.signal;
  const end = (reason?: unknown) => controller.abort(reason);
  const ended = new Promise<never>((_, reject) => {
    ending.addEventListener('abort', () => reject(ending.reason));
  });
  ended.catch(() => {}); // It is watched only while something else is waited for.
  if (signal.aborted) end(signal.reason);
  else signal.addEventListener('abort', () => end(signal.reason), { signal: ending });
  return { ending, ended, end };
}

/** Closing waits for the server, which may be away: past the deadline the connections are cut, and locks run out by themselves. */
async function closeWithin(
  milliseconds: number,
  worker: Promise<ShardWorker>,
  queue: Promise<ShardQueue>,
): Promise<void> {
  const limited = async (closing: Promise<unknown>) => {
    closing.catch(() => {});
    return Promise.race([closing.then(() => true), sleep(milliseconds, false, UNWATCHED)]);
  };
  // One that never met its server has nothing to close.
  const close = (each: Promise<ShardWorker | ShardQueue>) =>
    each.then(
      (opened) => opened.close(),
      () => {},
    );
  if (await limited(close(worker).then(() => close(queue)))) return;
  // Each of these would wait for the server too, and yet has to be begun for the process to end.
  for (const each of [worker, queue]) void each.then((opened) => opened.disconnect()).catch(() => {});
  await limited(close(queue));
}

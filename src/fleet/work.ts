import { setTimeout as sleep } from 'node:timers/promises';
import { InterruptedError, PopeError } from '../errors.js';
import type { Manifest } from '../shards/manifest.js';
import { type ShardedWork, writeShard } from '../shards/sharded-work.js';
import type { ShardStore } from '../shards/store.js';
import type { Broker, ShardQueue, ShardWorker, WorkerSettings } from './broker.js';
import { type FleetStatus, fleetStatus, pendingJobs, queueName, submitShards } from './shard-jobs.js';

/** Pause between two looks at how far the fleet is. */
const LOOK_MS = 1_000;
/** A worker that is told to stop waits so long for the server to take its shards back. */
const CLOSE_MS = 3_000;

/** A timer that does not keep the process alive. */
const UNWATCHED = { ref: false };

export interface FleetWorkOptions extends WorkerSettings {
  /** Aborted: shards at work are given back, for others to do. */
  signal: AbortSignal;
  /** Hears now and then how many jobs wait or are at work in the whole fleet. */
  onLook?(pending: number): void;
}

/**
 * Does shards as the queue hands them out, until all files of the manifest are there.
 *
 * @returns how many this worker did
 * @throws PopeError SHARDS_FAILED when nothing is left but shards that failed for good; the reason of `signal`
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
  const queue = broker.queue(name);
  let done = 0;
  const worker = broker.worker(
    name,
    async (job, token) => {
      try {
        if (await writeShard(store, work, manifest, job.data.shard)) done++;
      } catch (error) {
        if (!(error instanceof InterruptedError)) throw error;
        await job.moveToDelayed(Date.now(), token);
        throw new DelayedError();
      }
    },
    settings,
  );
  // While the server is away its calls wait for ever, and a worker must be able to end all the same.
  const { promise: aborted, forget } = abortion(signal);
  try {
    for (;;) {
      const pending = await Promise.race([pendingJobs(queue), aborted]);
      onLook?.(pending);
      if (pending === 0) {
        const status = await Promise.race([fleetStatus(queue, store, manifest), aborted]);
        if (status.done === status.shards) return done;
        requireProgress(store, status);
        // The server has lost jobs, as Redis may on a power cut: whoever sees it first adds them again.
        if (status.lost > 0)
          await Promise.race([submitShards(queue, store, manifest, { retryFailed: false }), aborted]);
      }
      await Promise.race([sleep(LOOK_MS, undefined, { signal }), aborted]);
    }
  } finally {
    forget();
    await closeWithin(CLOSE_MS, worker, queue);
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

/** A promise that is rejected when the signal is aborted. */
function abortion(signal: AbortSignal): { promise: Promise<never>; forget: () => void } {
  let reject: (reason: unknown) => void;
  const promise = new Promise<never>((_, rejected) => {
    reject = rejected;
  });
  promise.catch(() => {}); // It is watched only while something else is waited for.
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  return { promise, forget: () => signal.removeEventListener('abort', abort) };
}

/** Closing waits for the server, which may be away: past the deadline the connections are cut, and locks run out by themselves. */
async function closeWithin(milliseconds: number, worker: ShardWorker, queue: ShardQueue): Promise<void> {
  const limited = async (closing: Promise<unknown>) => {
    closing.catch(() => {});
    return Promise.race([closing.then(() => true), sleep(milliseconds, false, UNWATCHED)]);
  };
  if (await limited(worker.close().then(() => queue.close()))) return;
  // Each of these would wait for the server too, and yet has to be begun for the process to end.
  for (const each of [worker, queue]) void each.disconnect().catch(() => {});
  await limited(queue.close());
}

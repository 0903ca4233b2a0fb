import { createHash } from 'node:crypto';
import { formatManifest, type Manifest } from '../shards/manifest.js';
import { missingShards } from '../shards/merge.js';
import type { ShardStore } from '../shards/store.js';
import type { ShardQueue } from './queue-server.js';

/** Attempts at a shard that ends in an error; crashes of its worker are counted apart. */
const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 1_000;
/** Jobs that are added in one transaction. */
const AT_ONCE = 1_000;
const PENDING = ['waiting', 'active', 'delayed', 'prioritized'] as const;

/** Jobs of one manifest have a queue of their own, so that no worker meets those of other work. */
export function queueName(manifest: Manifest): string {
  return `pope-${createHash('sha256').update(formatManifest(manifest)).digest('hex').slice(0, 16)}`;
}

/**
 * Adds a job for every shard that is not there. Where there is one already, nothing happens. Called again at any time it makes
 * up for jobs that the server lost.
 *
 * @param retryFailed whether shards that failed for good get a new chance
 * @returns shards that are done, and jobs that are waiting or at work now
 */
export async function submitShards(
  queue: ShardQueue,
  store: ShardStore,
  manifest: Manifest,
  { retryFailed }: { retryFailed: boolean },
): Promise<{ done: number; pending: number }> {
  const missing = await missingShards(store, manifest);
  if (retryFailed) for (const job of await queue.getFailed()) await job.remove();
  for (let start = 0; start < missing.length; start += AT_ONCE) {
    await queue.addBulk(missing.slice(start, start + AT_ONCE).map(jobOf));
  }
  return { done: manifest.shards.length - missing.length, pending: await pendingJobs(queue) };
}

function jobOf(shard: number) {
  const opts = {
    // One job per shard, whoever adds it.
    jobId: `shard-${shard}`,
    attempts: ATTEMPTS,
    backoff: { type: 'exponential', delay: FIRST_PAUSE_MS },
    // A job that is done tells nothing that its file does not, and would keep a lost file from being made again.
    removeOnComplete: true,
  };
  return { name: 'shard', data: { shard }, opts };
}

/** Jobs that wait, pause or are at work. */
export async function pendingJobs(queue: ShardQueue): Promise<number> {
  return Object.values(await queue.getJobCounts(...PENDING)).reduce((sum, count) => sum + count, 0);
}

export interface FailedShard {
  shard: number;
  reason: string;
}

/** Shards that failed for good, by number. */
export async function failedShards(queue: ShardQueue): Promise<FailedShard[]> {
  const jobs = await queue.getFailed();
  return jobs
    .map(({ data, failedReason }) => ({ shard: data.shard, reason: failedReason }))
    .sort((a, b) => a.shard - b.shard);
}

export interface FleetStatus {
  shards: number;
  /** Shards whose file is there. */
  done: number;
  active: number;
  waiting: number;
  failed: FailedShard[];
  /** Shards that are neither done nor failed, and have no job. */
  lost: number;
}

export async function fleetStatus(queue: ShardQueue, store: ShardStore, manifest: Manifest): Promise<FleetStatus> {
  // Jobs first: a shard that is done in between is then counted as done, not as lost.
  const active = await queue.getActiveCount();
  const pending = await pendingJobs(queue);
  const failed = await failedShards(queue);
  const missing = new Set(await missingShards(store, manifest));
  const stillFailed = failed.filter(({ shard }) => missing.has(shard));
  return {
    shards: manifest.shards.length,
    done: manifest.shards.length - missing.size,
    active,
    waiting: pending - active,
    failed: stillFailed,
    lost: Math.max(0, missing.size - pending - stillFailed.length),
  };
}

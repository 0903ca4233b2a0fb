/** @file What the servers that can hold the queue have in common, and how their errors are said. */
import type { Processor, Queue, Worker } from 'bullmq';
import { describeError, PopeError, UnavailableError } from '../errors.js';

/** What a job says: which shard, counted from 1. Rows never go through the queue. */
export interface ShardJob {
  shard: number;
}

export interface WorkerSettings {
  /** Shards at a time; when the process dies, it dies with all of them. */
  concurrency: number;
  /** Milliseconds after which a silent worker has lost its shard. */
  lockDuration: number;
  /** Hears that the server refuses what a worker does, as one does that is full: QUEUE_FAILED. */
  onRefusal(error: PopeError): void;
}

/** A server that is away, having been there when the broker was opened, is waited for until `signal` is aborted. */
export interface Broker {
  queue(name: string, signal?: AbortSignal): Promise<ShardQueue>;
  worker(
    name: string,
    processor: Processor<ShardJob>,
    settings: WorkerSettings,
    signal?: AbortSignal,
  ): Promise<ShardWorker>;
  /** Whether an error of a call says that the server is away, and may come back. */
  isAway(error: unknown): boolean;
  /** An error of the server as QUEUE_FAILED, any other as it is. */
  named(error: unknown): unknown;
}

export type ShardQueue = Queue<ShardJob>;
export type ShardWorker = Worker<ShardJob>;

/** Times that a shard may take its worker down with it before it counts as failed. */
const MOST_CRASHES = 2;
/** Pause after a call that failed because the server was away. */
export const AGAIN_MS = 1_000;
export const CONNECT_MS = 5_000;

export function workerOptions({ concurrency, lockDuration }: WorkerSettings) {
  const stalledInterval = lockDuration / 2;
  return { concurrency, lockDuration, stalledInterval, maxStalledCount: MOST_CRASHES, runRetryDelay: AGAIN_MS };
}

/** A server that goes away is no event that ends the process: calls wait until it is back. */
export function quiet<T extends { on(event: 'error', listener: () => void): unknown }>(emitter: T): T {
  emitter.on('error', () => {});
  return emitter;
}

export function noAnswer(address: string, server: string, error: unknown): PopeError {
  const problem = `${withoutPassword(address)}: no ${server} answers there: ${describeError(error)}`;
  return new PopeError('QUEUE_FAILED', problem, { cause: error });
}

export function refusal(address: string, error: unknown): PopeError {
  const todo = 'mend it, then run the same command again';
  return new PopeError('QUEUE_FAILED', `${withoutPassword(address)} refuses: ${describeError(error)}; ${todo}`, {
    cause: error,
  });
}

/** For messages. */
export function withoutPassword(address: string): string {
  const url = new URL(address);
  url.username = '';
  url.password = '';
  return url.href;
}

/** Loads an optional peer. @throws UnavailableError BULLMQ_MISSING */
export async function optional<T>(load: () => Promise<T>, packages: string): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw new UnavailableError('BULLMQ_MISSING', `--queue needs packages that are not here: npm install ${packages}`, {
      cause: error,
    });
  }
}

/**
 * @file The server that hands out shards: BullMQ on Redis, or on PostgreSQL. All of it are optional peers. What the server says is
 * never trusted with a result: that is in the store of the shards, and jobs that it loses are added again.
 */
import type { Processor, Queue, Worker } from 'bullmq';
import { describeError, PopeError, UnavailableError, UsageError } from '../errors.js';

/** What a job says: which shard, counted from 1. Rows never go through the queue. */
export interface ShardJob {
  shard: number;
}

export interface WorkerSettings {
  /** Shards at a time; when the process dies, it dies with all of them. */
  concurrency: number;
  /** Milliseconds after which a silent worker has lost its shard. */
  lockDuration: number;
}

export interface Broker {
  queue(name: string): ShardQueue;
  worker(name: string, processor: Processor<ShardJob>, settings: WorkerSettings): ShardWorker;
}

export type ShardQueue = Queue<ShardJob>;
export type ShardWorker = Worker<ShardJob>;

/** Times that a shard may take its worker down with it before it counts as failed. */
const MOST_CRASHES = 2;
const CONNECT_MS = 5_000;

/**
 * @param address redis://.., rediss://.. or postgres://..
 * @throws UsageError QUEUE_ADDRESS; UnavailableError BULLMQ_MISSING; PopeError QUEUE_FAILED where nobody answers there;
 *   QUEUE_FORGETS for a Redis that loses jobs when it restarts or is full
 */
export async function openBroker(address: string): Promise<Broker> {
  const { protocol } = parse(address);
  return protocol.startsWith('redis') ? redisBroker(address) : postgresBroker(address);
}

async function redisBroker(address: string): Promise<Broker> {
  const { Queue, Worker } = await optional(() => import('bullmq'), 'bullmq ioredis');
  await requireDurable(address);
  // Workers wait for a server that is away and go on when it is back.
  const connection = { url: address, maxRetriesPerRequest: null };
  return {
    queue: (name) => quiet(new Queue<ShardJob>(name, { connection })),
    worker: (name, processor, settings) =>
      quiet(new Worker<ShardJob>(name, processor, { connection, ...workerOptions(settings) })),
  };
}

async function postgresBroker(address: string): Promise<Broker> {
  const { Queue, Worker, createPostgresBackend } = await optional(() => import('bullmq'), 'bullmq pg');
  const connection = { connectionString: address, migrate: true };
  // The library types a queue by its server; what is called here is the same for both.
  return {
    queue: (name) => quiet(new Queue(name, { connection }, createPostgresBackend)) as unknown as ShardQueue,
    worker: (name, processor, settings) =>
      quiet(
        new Worker(name, processor as never, { connection, ...workerOptions(settings) }, createPostgresBackend),
      ) as unknown as ShardWorker,
  };
}

function workerOptions({ concurrency, lockDuration }: WorkerSettings) {
  return { concurrency, lockDuration, stalledInterval: lockDuration / 2, maxStalledCount: MOST_CRASHES };
}

function parse(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url !== null && ['redis:', 'rediss:', 'postgres:', 'postgresql:'].includes(url.protocol)) return url;
  throw new UsageError(
    'QUEUE_ADDRESS',
    `--queue: expected redis://HOST:PORT or postgres://HOST/DATABASE, got ${address}`,
  );
}

/** Refuses a Redis that forgets waiting jobs: workers would sit idle without an error. */
async function requireDurable(address: string): Promise<void> {
  const { Redis } = await optional(() => import('ioredis'), 'bullmq ioredis');
  const place = withoutPassword(address);
  const redis = new Redis(address, { lazyConnect: true, connectTimeout: CONNECT_MS, retryStrategy: () => null });
  redis.on('error', () => {}); // It is thrown by the call that meets it.
  let info: string;
  try {
    await redis.connect();
    info = await redis.info();
  } catch (error) {
    throw new PopeError('QUEUE_FAILED', `${place}: no Redis answers there: ${describeError(error)}`, { cause: error });
  } finally {
    redis.disconnect();
  }
  const value = (name: string) => new RegExp(`^${name}:(\\S*)`, 'm').exec(info)?.[1];
  const problems = [
    ...(value('aof_enabled') === '0' ? ['it keeps no append-only file (set appendonly yes)'] : []),
    ...(value('maxmemory_policy') === 'noeviction'
      ? []
      : [`it drops keys when it is full (set maxmemory-policy noeviction, not ${value('maxmemory_policy')})`]),
  ];
  if (problems.length === 0) return;
  throw new PopeError('QUEUE_FORGETS', `${place}: this Redis may lose jobs: ${problems.join('; ')}`);
}

/** For messages. */
export function withoutPassword(address: string): string {
  const url = new URL(address);
  url.username = '';
  url.password = '';
  return url.href;
}

/** A server that goes away is no event that ends the process: calls wait until it is back. */
function quiet<T extends { on(event: 'error', listener: () => void): unknown }>(emitter: T): T {
  emitter.on('error', () => {});
  return emitter;
}

async function optional<T>(load: () => Promise<T>, packages: string): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw new UnavailableError('BULLMQ_MISSING', `--queue needs packages that are not here: npm install ${packages}`, {
      cause: error,
    });
  }
}

import { PopeError } from '../errors.js';
import {
  type Broker,
  CONNECT_MS,
  noAnswer,
  optional,
  quiet,
  refusal,
  type ShardJob,
  withoutPassword,
  workerOptions,
} from './queue-server.js';

const PACKAGES = 'bullmq ioredis';

/** What a Redis answers that is full, cannot write its file, follows another, or wants a password. */
const REFUSALS = /^(OOM|MISCONF|READONLY|NOPERM|NOAUTH|WRONGPASS)\b/;

/** @throws UnavailableError BULLMQ_MISSING; PopeError QUEUE_FAILED, QUEUE_FORGETS */
export async function redisBroker(address: string): Promise<Broker> {
  const { Queue, Worker } = await optional(() => import('bullmq'), PACKAGES);
  await requireDurable(address);
  // Calls wait for a server that is away and go on when it is back.
  const connection = { url: address, maxRetriesPerRequest: null };
  return {
    queue: async (name) => quiet(new Queue<ShardJob>(name, { connection })),
    async worker(name, processor, settings) {
      const worker = quiet(new Worker<ShardJob>(name, processor, { connection, ...workerOptions(settings) }));
      worker.on('error', (error) => {
        if (REFUSALS.test(error.message)) settings.onRefusal(refusal(address, error));
      });
      return worker;
    },
    isAway: () => false,
    named: (error) => (error instanceof Error && error.name === 'ReplyError' ? refusal(address, error) : error),
  };
}

/** Refuses a Redis that forgets waiting jobs: workers would sit idle without an error. */
async function requireDurable(address: string): Promise<void> {
  const { Redis } = await optional(() => import('ioredis'), PACKAGES);
  const redis = new Redis(address, { lazyConnect: true, connectTimeout: CONNECT_MS, retryStrategy: () => null });
  // The call that fails says only that there is no connection; this says why.
  let problem: Error | undefined;
  redis.on('error', (error) => {
    problem = error;
  });
  let info: string;
  try {
    await redis.connect();
    info = await redis.info();
  } catch (error) {
    throw noAnswer(address, 'Redis', problem ?? error);
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
  throw new PopeError('QUEUE_FORGETS', `${withoutPassword(address)}: this Redis may lose jobs: ${problems.join('; ')}`);
}

import { setTimeout as sleep } from 'node:timers/promises';
import type Driver from 'pg';
import type { ClientConfig } from 'pg';
import { PopeError } from '../errors.js';
import {
  AGAIN_MS,
  type Broker,
  CONNECT_MS,
  noAnswer,
  optional,
  quiet,
  refusal,
  type ShardQueue,
  type ShardWorker,
  withoutPassword,
  workerOptions,
} from './queue-server.js';

const PACKAGES = 'bullmq pg';

/**
 * What is said of a server that is away: by the operating system, by the driver, and by the server while it stops or starts (class 57P of
 * https://www.postgresql.org/docs/current/errcodes-appendix.html, and class 08, connections).
 */
const AWAY = /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|57P0[1-3]|08\w{3})$/;
const TERMINATED =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection|Query read timeout)/;

/** The driver may never hear that the server has gone while a query was on its way; none of the queue's takes a second. */
const QUERY_MS = 30_000;

/** @throws UnavailableError BULLMQ_MISSING; PopeError QUEUE_FAILED, QUEUE_FORGETS */
export async function postgresBroker(address: string): Promise<Broker> {
  const { Queue, Worker, createPostgresBackend } = await optional(() => import('bullmq'), PACKAGES);
  const { default: pg } = await optional(() => import('pg'), PACKAGES);
  await requireDurable(pg, address);
  const connection = {
    connectionString: address,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: QUERY_MS,
    migrate: true,
    // The pool does not listen to the client that it has lent, and what is lost with nobody listening ends the process.
    Client: class extends pg.Client {
      constructor(config: ClientConfig) {
        super(config);
        quiet(this);
      }
    },
  };
  // The library types a queue by its server; what is called here is the same for both.
  return {
    async queue(name, signal) {
      const open = () => quiet(new Queue(name, { connection }, createPostgresBackend));
      return (await connected(address, open, signal)) as unknown as ShardQueue;
    },
    async worker(name, processor, settings, signal) {
      const options = { connection, ...workerOptions(settings), autorun: false };
      const open = () => quiet(new Worker(name, processor as never, options, createPostgresBackend));
      const worker = await connected(address, open, signal);
      worker.on('error', (error) => {
        if (isAnswer(error) && !isAway(error)) settings.onRefusal(refusal(address, error));
      });
      worker.run().catch((error: Error) => worker.emit('error', error));
      return worker as unknown as ShardWorker;
    },
    isAway,
    named: (error) => named(address, error),
  };
}

/**
 * A queue or a worker that has met its server. They prepare their connection once: where that fails, all their calls fail from then
 * on, also when the server is back. So another one is made then, until `signal` is aborted.
 */
async function connected<T extends { waitUntilReady(): Promise<unknown>; close(): Promise<void> }>(
  address: string,
  open: () => T,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (;;) {
    signal?.throwIfAborted();
    const opened = open();
    try {
      await opened.waitUntilReady();
      return opened;
    } catch (error) {
      void opened.close().catch(() => {});
      if (!isAway(error)) throw named(address, error);
    }
    await sleep(AGAIN_MS);
  }
}

function named(address: string, error: unknown): unknown {
  return isAnswer(error) || isAway(error) ? refusal(address, error) : error;
}

/** An error that the server answered with, rather than one of reaching it. */
function isAnswer(error: unknown): error is Error {
  return error instanceof Error && 'severity' in error;
}

function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return AWAY.test(String((error as NodeJS.ErrnoException).code)) || TERMINATED.test(error.message);
}

/** Refuses a server that does not force to disk what it has promised. */
async function requireDurable(pg: Pick<typeof Driver, 'Client'>, address: string): Promise<void> {
  const config: ClientConfig = { connectionString: address, connectionTimeoutMillis: CONNECT_MS };
  const client = quiet(new pg.Client(config));
  let fsync: string;
  try {
    await client.connect();
    const { rows } = await client.query<{ fsync: string }>('SHOW fsync');
    fsync = rows[0]!.fsync;
  } catch (error) {
    throw noAnswer(address, 'PostgreSQL', error);
  } finally {
    await client.end().catch(() => {});
  }
  if (fsync === 'on') return;
  throw new PopeError(
    'QUEUE_FORGETS',
    `${withoutPassword(address)}: this PostgreSQL may lose jobs: it does not force them to disk (set fsync on)`,
  );
}

/**
 * @file The server that hands out shards: BullMQ on Redis, or on PostgreSQL. All of it are optional peers. What the server says is
 * never trusted with a result: that is in the store of the shards, and jobs that it loses are added again.
 */
import { UsageError } from '../errors.js';
import { postgresBroker } from './postgres.js';
import type { Broker } from './queue-server.js';
import { redisBroker } from './redis.js';

/**
 * @param address redis://.., rediss://.. or postgres://..
 * @throws UsageError QUEUE_ADDRESS; UnavailableError BULLMQ_MISSING; PopeError QUEUE_FAILED where nobody answers there;
 *   QUEUE_FORGETS for a server that may lose jobs when it restarts or is full
 */
export async function openBroker(address: string): Promise<Broker> {
  const { protocol } = parse(address);
  return protocol.startsWith('redis') ? redisBroker(address) : postgresBroker(address);
}

function parse(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url !== null && ['redis:', 'rediss:', 'postgres:', 'postgresql:'].includes(url.protocol)) return url;
  throw new UsageError(
    'QUEUE_ADDRESS',
    `--queue: expected redis://HOST:PORT or postgres://HOST/DATABASE, got ${address}`,
  );
}

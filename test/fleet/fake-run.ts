import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { openBroker } from '../../src/fleet/broker.js';
import type { ShardQueue } from '../../src/fleet/queue-server.js';
import { type FleetStatus, fleetStatus, queueName, submitShards } from '../../src/fleet/shard-jobs.js';
import { formatManifest, MANIFEST, type Manifest, newManifest } from '../../src/shards/manifest.js';
import { mergedLines } from '../../src/shards/merge.js';
import { openShardStore, type ShardStore } from '../../src/shards/store.js';
import { startNode } from '../cli/run-cli.js';
import { gather } from '../helpers/gather.js';

export const SHARDS = 40;
const SLATES_EACH = 3;
const script = fileURLToPath(new URL('worker.mjs', import.meta.url));

export interface WorkerOptions {
  /** Milliseconds that a shard takes. */
  pause?: number;
  /** The shard that kills its worker. */
  poison?: number;
  concurrency?: number;
  /** Milliseconds of silence after which it has lost its shards. */
  lock?: number;
  environment?: Record<string, string>;
  /** Where it asks for shards, if not at the server itself. */
  queue?: string;
}

/** A planned run whose work is to write a line per slate, with a queue of its own. Its workers are killed after the tests of the file. */
export class FakeRun {
  readonly #address: string;
  readonly #queue: string;
  readonly store: ShardStore;
  readonly manifest: Manifest;

  private constructor(address: string, queue: string, store: ShardStore, manifest: Manifest) {
    this.#address = address;
    this.#queue = queue;
    this.store = store;
    this.manifest = manifest;
  }

  static async plan(
    address: string,
    queue: string,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<FakeRun> {
    const shards = Array.from({ length: SHARDS }, (_, i) => {
      return { from: SLATES_EACH * i, to: SLATES_EACH * (i + 1), at: null, queries: SLATES_EACH, lines: SLATES_EACH };
    });
    const work = { kind: 'scores' as const, identity: 'sha256:fake', arithmetic: 'none', log: address, plan: {} };
    const manifest = newManifest(work, shards);
    const store = await openShardStore(address, environment);
    await store.publish(MANIFEST, { text: formatManifest(manifest) });
    return new FakeRun(address, queue, store, manifest);
  }

  startWorker({
    pause = 30,
    poison = 0,
    concurrency = 2,
    lock = 1500,
    environment = {},
    queue = this.#queue,
  }: WorkerOptions = {}) {
    const argv = [script, this.#address, queue, ...[pause, poison, concurrency, lock].map(String)];
    const worker = startNode(argv, { environment });
    workers.push(worker);
    return worker;
  }

  submit({ retryFailed = true } = {}) {
    return this.#ask((queue) => submitShards(queue, this.store, this.manifest, { retryFailed }));
  }

  status() {
    return this.#ask((queue) => fleetStatus(queue, this.store, this.manifest));
  }

  until(isSo: (status: FleetStatus) => boolean): Promise<void> {
    return this.#ask(async (queue) => {
      while (!isSo(await fleetStatus(queue, this.store, this.manifest))) await sleep(20);
    });
  }

  /** The slates whose lines there are. */
  async merged(): Promise<number[]> {
    const lines = await gather(mergedLines(this.store, this.manifest));
    return lines.map((line) => (line as { slate: number }).slate);
  }

  async #ask<T>(question: (queue: ShardQueue) => Promise<T>): Promise<T> {
    const queue = await (await openBroker(this.#queue)).queue(queueName(this.manifest));
    try {
      return await question(queue);
    } finally {
      await queue.close();
    }
  }
}

/** What a finished run has merged. */
export const WHOLE = Array.from({ length: SHARDS * SLATES_EACH }, (_, slate) => slate);

const workers: ChildProcess[] = [];
afterAll(() => {
  for (const worker of workers.splice(0)) worker.kill('SIGKILL');
});

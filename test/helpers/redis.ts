import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll } from 'vitest';
import { freePort } from './free-port.js';

/** Whether a Redis can be started here; the tests that need one say so when they are skipped. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
if (!hasRedis) console.warn('No redis-server on the PATH: the tests of fleets are skipped.');

const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--maxmemory-policy', 'noeviction'];
/** Its file says when each second began, and is never written anew. */
const TIMED = ['--aof-timestamp-enabled', 'yes', '--auto-aof-rewrite-percentage', '0'];

/** A Redis of its own on this machine, with an append-only file unless `options` say otherwise; ended after the tests of the file. */
export class TestRedis {
  readonly #folder = mkdtempSync(join(tmpdir(), 'pope-redis-'));
  readonly #port: number;
  readonly #options: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, options: readonly string[]) {
    this.#port = port;
    this.#options = options;
  }

  /** `timed`: it can be rolled back. */
  static async start({ options = DURABLE, timed = false } = {}): Promise<TestRedis> {
    const redis = new TestRedis(await freePort(), timed ? [...options, ...TIMED] : options);
    await redis.start();
    started.push(redis);
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  /** Also after a kill, with what its file has kept. */
  async start(): Promise<void> {
    const place = ['--port', String(this.#port), '--bind', '127.0.0.1', '--dir', this.#folder, '--save', ''];
    this.#process = spawn('redis-server', [...place, ...this.#options], { stdio: 'ignore' });
    for (let tries = 0; tries < 200; tries++) {
      if (await this.call((client) => client.ping()).catch(() => false)) return;
      await sleep(25);
    }
    throw new Error('redis-server does not answer');
  }

  /** Ends it for good. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** As a crash would. */
  async kill(): Promise<void> {
    const server = this.#process!;
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  }

  /** Takes what it heard in the last seconds from the file of one that was killed, as a power cut may. */
  rollBack(seconds: number): void {
    const moment = Math.floor(Date.now() / 1000) - seconds;
    const file = join(this.#folder, 'appendonlydir', 'appendonly.aof.manifest');
    execFileSync('redis-check-aof', ['--truncate-to-timestamp', `${moment}`, file], { stdio: 'ignore' });
  }

  async call<T>(use: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(this.url, { lazyConnect: true, retryStrategy: () => null });
    client.on('error', () => {});
    try {
      await client.connect();
      return await use(client);
    } finally {
      client.disconnect();
    }
  }
}

const started: TestRedis[] = [];

afterAll(async () => {
  for (const redis of started.splice(0)) await redis.remove();
});

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll } from 'vitest';
import { freePort } from './free-port.js';

const INSTALLED = '/usr/lib/postgresql';

/** The folder of initdb and postgres: on the PATH, or where Debian has them. */
function findPrograms(): string | null {
  const debian = existsSync(INSTALLED) ? readdirSync(INSTALLED).map((version) => join(INSTALLED, version, 'bin')) : [];
  const folders = [...(process.env.PATH ?? '').split(':'), ...debian];
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name)))) ?? null;
}

/** The server refuses to run as root; its own user then. */
function findUser(): { uid?: number; gid?: number } | null {
  if (process.getuid?.() !== 0) return {};
  try {
    const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres'], { stdio: 'pipe' })));
    return { uid: uid!, gid: gid! };
  } catch {
    return null;
  }
}

const programs = findPrograms();
const user = findUser();
/** Whether a PostgreSQL can be started here; the tests that need one say so when they are skipped. */
export const hasPostgres = programs !== null && user !== null;
if (!hasPostgres) console.warn('No PostgreSQL (initdb, postgres) that can be started: its tests are skipped.');

/** A PostgreSQL of its own on this machine; ended after the tests of the file. */
export class TestPostgres {
  // Its user cannot enter the temporary folder of another one.
  readonly #folder = mkdtempSync(join(user?.uid === undefined ? tmpdir() : '/tmp', 'pope-postgres-'));
  readonly port: number;
  #process: ChildProcess | undefined;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(): Promise<TestPostgres> {
    const server = new TestPostgres(await freePort());
    if (user?.uid !== undefined) chownSync(server.#folder, user.uid, user.gid!);
    const options = ['-D', server.#data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'];
    execFileSync(join(programs!, 'initdb'), options, { ...user, cwd: server.#folder, stdio: 'pipe' });
    await server.start();
    started.push(server);
    return server;
  }

  get url(): string {
    return this.urlAt(this.port);
  }

  /** Where a proxy of it listens. */
  urlAt(port: number): string {
    return `postgres://postgres@127.0.0.1:${port}/postgres`;
  }

  /** Also after a crash, with what its log has kept. */
  async start(...settings: string[]): Promise<void> {
    const all = [
      `port=${this.port}`,
      'listen_addresses=127.0.0.1',
      `unix_socket_directories=${this.#folder}`,
      ...settings,
    ];
    const argv = ['-D', this.#data, ...all.flatMap((setting) => ['-c', setting])];
    this.#process = spawn(join(programs!, 'postgres'), argv, { ...user, cwd: this.#folder, stdio: 'ignore' });
    for (let tries = 0; tries < 400; tries++) {
      if (await this.#answers()) return;
      await sleep(25);
    }
    throw new Error('postgres does not answer');
  }

  /** Its immediate shutdown: every process of it ends where it is, and the next start replays the log. */
  async crash(): Promise<void> {
    const server = this.#process!;
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGQUIT');
    await ended;
  }

  get #data(): string {
    return join(this.#folder, 'data');
  }

  async #answers(): Promise<boolean> {
    const client = new pg.Client({ connectionString: this.url });
    client.on('error', () => {});
    try {
      await client.connect();
      return true;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => {});
    }
  }

  /** Ends it for good. */
  async remove(): Promise<void> {
    await this.crash();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const started: TestPostgres[] = [];

// Not within start(): a hook that is set by another hook does not run.
afterAll(async () => {
  for (const server of started.splice(0)) await server.remove();
});

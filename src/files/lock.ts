/**
 * @file One process at a time for an output that is filled over a while: a file FILE has `FILE.lock` beside it, a folder the file
 * `.lock` in it, which names the process that writes. It goes when that one ends; the lock of a process that was killed is
 * taken over by the next, which also removes what was left half written. Nothing here asks a clock.
 */
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { describeError, UsageError } from '../errors.js';
import { lacksLinks } from './atomic.js';
import { type Owner, parseOwner, stateOf, thisOwner } from './owner.js';

/** How often the race for a lock that was just given back is run again. */
const ATTEMPTS = 100;

/** The right to write an output, until `release`. */
export class OutputLock {
  readonly #path: string;
  /** The outermost of the folders that were made for it; undefined where all were there. */
  readonly #made: string | undefined;

  private constructor(path: string, made: string | undefined) {
    this.#path = path;
    this.#made = made;
  }

  /** Of a file; the folders on the way are made. @throws UsageError OUTPUT_LOCKED, OUTPUT_NOT_WRITABLE */
  static ofFile(file: string): Promise<OutputLock> {
    const path = resolve(file);
    return OutputLock.#take(file, `${path}.lock`, `.${basename(path)}.`);
  }

  /** Of a folder and the files right in it; it is made. @throws as `ofFile` */
  static ofFolder(folder: string): Promise<OutputLock> {
    return OutputLock.#take(folder, join(resolve(folder), '.lock'), '.');
  }

  /** @param prefix of the names of temporary files that are of this output */
  static async #take(output: string, path: string, prefix: string): Promise<OutputLock> {
    const folder = dirname(path);
    const made = await mkdir(folder, { recursive: true }).catch((error) => {
      throw notWritable(output, error);
    });
    const lock = new OutputLock(path, made);
    try {
      if (compete(output, path)) await removeLeftovers(folder, prefix);
      return lock;
    } catch (error) {
      await lock.#removeFolders();
      throw error;
    }
  }

  /** Where nothing was written, the folders that were made for it go too. Idempotent. */
  async release(): Promise<void> {
    rmSync(this.#path, { force: true });
    await this.#removeFolders();
  }

  async #removeFolders(): Promise<void> {
    if (this.#made === undefined) return;
    try {
      for (let folder = dirname(this.#path); ; folder = dirname(folder)) {
        await rmdir(folder);
        if (folder === this.#made) return;
      }
    } catch {
      // Something is in it.
    }
  }
}

/** Runs `work` under a lock. */
export async function locked<T>(lock: Promise<OutputLock>, work: () => Promise<T>): Promise<T> {
  const held = await lock;
  try {
    return await work();
  } finally {
    await held.release();
  }
}

/** Takes the lock; true where that of a dead process stood in its place. */
function compete(output: string, path: string): boolean {
  let isRecovered = false;
  let owner: Owner | null = null;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (create(output, path)) return isRecovered;
    const text = read(path);
    if (text === null) continue;
    owner = parseOwner(text);
    if (owner === null || stateOf(owner) !== 'dead') break;
    isRecovered = breakLock(path, text) || isRecovered;
  }
  throw refusal(output, path, owner);
}

/** False where there is one already. It appears with its content, so that nobody reads half of it. */
function create(output: string, path: string): boolean {
  const text = `${JSON.stringify(thisOwner())}\n`;
  const draft = temporaryName(path);
  try {
    writeFileSync(draft, text, { flag: 'wx' });
    try {
      linkSync(draft, path);
    } catch (error) {
      if (!lacksLinks(error)) throw error;
      writeFileSync(path, text, { flag: 'wx' });
    }
    return true;
  } catch (error) {
    // ENOENT: who recovers the output took the draft for a leftover.
    if (['EEXIST', 'ENOENT'].includes(codeOf(error))) return false;
    throw notWritable(output, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Takes a dead process's lock away. False where another process did so first; if its own lock was hit, that is put back. */
function breakLock(path: string, dead: string): boolean {
  const aside = temporaryName(path);
  try {
    renameSync(path, aside);
    if (read(aside) === dead) return true;
    linkSync(aside, path);
    return false;
  } catch {
    return false;
  } finally {
    rmSync(aside, { force: true });
  }
}

function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`);
}

async function removeLeftovers(folder: string, prefix: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix) || !/\.(tmp|old)$/.test(name)) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function refusal(output: string, path: string, owner: Owner | null): UsageError {
  const who = owner === null ? 'another process' : `process ${owner.pid} on ${owner.host} (${owner.command})`;
  const todo =
    owner !== null && stateOf(owner) === 'alive'
      ? 'wait for its end or stop it, or write to another place'
      : `it cannot be seen from here: wait for its end, or delete ${path} if it does not run any more`;
  return new UsageError('OUTPUT_LOCKED', `${output}: ${who} is writing there; ${todo}`);
}

function notWritable(output: string, error: unknown): UsageError {
  return new UsageError('OUTPUT_NOT_WRITABLE', `${output}: cannot write there: ${describeError(error)}`, {
    cause: error,
  });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

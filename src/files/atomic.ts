/**
 * Atomic output files. A file written here is either the complete new one or, after a failure or a kill, the old one:
 * the bytes go to a temporary file in the same folder, are forced to disk, and only then take the final name.
 */
import { randomBytes } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { type FileHandle, link, mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describeError, PopeError, UsageError } from '../errors.js';

const NO_LINKS = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK']);

/** Whether an error of `link` says that the file system has no hard links. */
export function lacksLinks(error: unknown): boolean {
  return NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '');
}

/**
 * What of `work` is an error of the file system becomes one that says that `path` could not be written.
 *
 * @throws PopeError WRITE_FAILED
 */
export async function writing<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw (error as NodeJS.ErrnoException).syscall === undefined ? error : writeFailure(path, error);
  }
}

function writeFailure(path: string, error: unknown): PopeError {
  return new PopeError('WRITE_FAILED', `${path}: writing failed: ${describeError(error)}`, { cause: error });
}

/** Writes a whole file atomically. Folders on the way are created. */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  await writePartsAtomic(path, [content]);
}

/** The same for content in parts, which need not be in memory together. */
export async function writePartsAtomic(
  path: string,
  parts: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
): Promise<void> {
  const file = await TemporaryFile.create(path);
  try {
    for await (const part of parts) await file.write(part);
    await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}

/**
 * The same for a name that nobody may have taken: of several writers, in several processes, the first one wins.
 *
 * @returns false where the file was there already; it stays
 */
export async function publishFile(
  path: string,
  parts: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
): Promise<boolean> {
  const file = await TemporaryFile.create(path);
  try {
    for await (const part of parts) await file.write(part);
    return await file.commitIfFirst();
  } finally {
    await file.abort();
  }
}

/** A file on its way to its final name. */
export class TemporaryFile {
  readonly #path: string;
  /** Its name until then. */
  readonly temporary: string;
  readonly #handle: FileHandle;
  #finished = false;

  private constructor(path: string, temporary: string, handle: FileHandle) {
    this.#path = path;
    this.temporary = temporary;
    this.#handle = handle;
  }

  static async create(path: string): Promise<TemporaryFile> {
    const target = await resolveTarget(path);
    const temporary = join(
      dirname(target),
      `.${basename(target)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`,
    );
    try {
      await mkdir(dirname(target), { recursive: true });
      return new TemporaryFile(target, temporary, await open(temporary, 'wx'));
    } catch (error) {
      throw new UsageError('OUTPUT_NOT_WRITABLE', `${path}: cannot write there: ${describeError(error)}`, {
        cause: error,
      });
    }
  }

  async write(content: string | Uint8Array): Promise<void> {
    // FileHandle.writeFile writes on from the current position and retries short writes.
    await writing(this.#path, this.#handle.writeFile(content));
  }

  async commit(): Promise<void> {
    await writing(this.#path, this.#name());
  }

  async #name(): Promise<void> {
    await this.#handle.sync();
    await this.#handle.close();
    await rename(this.temporary, this.#path);
    this.#finished = true;
    await syncFolder(dirname(this.#path));
  }

  /** A hard link is refused where the name is taken; file systems without links get the rename, which is not. */
  async commitIfFirst(): Promise<boolean> {
    try {
      await this.#handle.sync();
      await link(this.temporary, this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      if (!lacksLinks(error)) throw writeFailure(this.#path, error);
      if (existsSync(this.#path)) return false;
      await this.commit();
      return true;
    }
    await syncFolder(dirname(this.#path));
    return true;
  }

  async abort(): Promise<void> {
    if (this.#finished) return;
    this.#finished = true;
    await this.#handle.close();
    await rm(this.temporary, { force: true });
  }
}

/** Follows symbolic links and refuses devices, pipes and folders, which a rename would replace or fail on. */
async function resolveTarget(path: string): Promise<string> {
  try {
    const target = await realpath(path);
    const status = await stat(target);
    if (!status.isFile()) {
      const what = status.isDirectory() ? 'a folder' : 'a device or pipe';
      throw new UsageError('OUTPUT_NOT_A_FILE', `${path}: expected a file name to write to, got ${what}`);
    }
    return target;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return path;
    if (error instanceof PopeError) throw error;
    throw new UsageError('OUTPUT_NOT_WRITABLE', `${path}: cannot write there: ${describeError(error)}`, {
      cause: error,
    });
  }
}

/** Forces the rename itself to disk. Windows cannot open a folder; there the rename is all one can do. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

import { open, readFile, stat } from 'node:fs/promises';
import { TextDecoder } from 'node:util';
import { DataError, describeError } from '../errors.js';

/**
 * What of `work` is an error of the file system becomes one that says that `path` could not be read. That it is not there is for
 * the caller to say.
 *
 * @throws DataError UNREADABLE_FILE
 */
export async function reading<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { syscall, code } = error as NodeJS.ErrnoException;
    if (syscall === undefined || code === 'ENOENT') throw error;
    throw new DataError('UNREADABLE_FILE', `${path}: cannot be read: ${describeError(error)}`, { cause: error });
  }
}

/** The JSON of a file that POPE has written. @throws DataError UNREADABLE_FILE */
export async function readOwnJson<T>(path: string): Promise<T> {
  return JSON.parse(await reading(path, readFile(path, 'utf8'))) as T;
}

/** More than any configuration, index or tokenizer has; what is larger would take the memory of the work itself. */
const MAX_BYTES = 128 * 1024 * 1024;

/**
 * The text of a small file that may come from anybody, read whole.
 *
 * @throws Error with the `code` of the file system, or whose message says what else is wrong: no regular file (a pipe would
 *   never end), more than 128 MiB, not UTF-8
 */
export async function readWholeText(path: string): Promise<string> {
  const status = await stat(path);
  if (!status.isFile()) throw new Error(`it is ${status.isDirectory() ? 'a folder' : 'a device or pipe'}`);
  if (status.size > MAX_BYTES) throw new Error(`it has ${status.size} bytes, more than the ${MAX_BYTES} it may have`);
  const file = await open(path);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await file.readFile());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw new Error('it is not UTF-8');
    throw error;
  } finally {
    await file.close();
  }
}

import { open, stat } from 'node:fs/promises';
import { TextDecoder } from 'node:util';

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

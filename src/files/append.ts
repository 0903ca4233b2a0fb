import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describeError, UsageError } from '../errors.js';
import { reading } from './text.js';

/** Bytes that are read at a time in search of the end of the last whole line. */
const CHUNK = 1 << 16;

/**
 * Opens a file of lines for more; folders on the way are created. A kill can have cut the last line short: it is taken off,
 * what is before it is good.
 *
 * @throws UsageError OUTPUT_NOT_WRITABLE; DataError UNREADABLE_FILE
 */
export async function openForAppend(path: string): Promise<FileHandle> {
  let file: FileHandle;
  try {
    await mkdir(dirname(path), { recursive: true });
    file = await open(path, 'a+');
  } catch (error) {
    throw new UsageError('OUTPUT_NOT_WRITABLE', `${path}: cannot write there: ${describeError(error)}`, {
      cause: error,
    });
  }
  try {
    await cutTornLine(path, file);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function cutTornLine(path: string, file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  let end = 0;
  for (let stop = size; stop > 0 && end === 0; stop -= CHUNK) {
    const start = Math.max(0, stop - CHUNK);
    const { buffer, bytesRead } = await reading(path, file.read(Buffer.alloc(stop - start), 0, stop - start, start));
    const lineFeed = buffer.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (lineFeed >= 0) end = start + lineFeed + 1;
  }
  if (end < size) await file.truncate(end);
}

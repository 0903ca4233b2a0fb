/**
 * Input files as the readers see them: found, told apart by their first bytes rather than by their name, and readable
 * more than once, which standard input and pipes become by being copied to a temporary file.
 */
import { createReadStream, createWriteStream, rmSync } from 'node:fs';
import { mkdtemp, open, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { pipeline as pipelineDone } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { DataError, describeError } from '../errors.js';

/** What a file is for; the first half of its error codes: LOG_NOT_FOUND, SCORES_UNREADABLE, ... */
export type InputKind = 'LOG' | 'SCORES' | 'GENERATIONS' | 'INPUT';

export interface InputFile {
  kind: InputKind;
  /** As the user named it, for messages. */
  name: string;
  /** A regular file with the content. */
  path: string;
  /** Size as stored, in bytes. */
  size: number;
  /** Which file it was when it was opened, and of when (milliseconds). */
  inode: number;
  modified: number;
  format: 'text' | 'gzip' | 'parquet';
}

const HOW_TO_NAME: Record<InputKind, string> = {
  LOG:
    'give the path of a .jsonl, .jsonl.gz or .parquet log, or - for standard input; ' +
    '"pope import ADAPTER FILES -o LOG" makes one from raw data',
  SCORES: 'give the path of a score file; "pope score LOG --model DIR -o SCORES" makes one',
  GENERATIONS: 'give the path of a generation file; "pope generate LOG --model DIR -o GENERATIONS" makes one',
  INPUT: 'give the path of an existing file, or - for standard input',
};

/** @throws DataError <kind>_NOT_FOUND, <kind>_UNREADABLE */
export async function openInput(name: string, kind: InputKind): Promise<InputFile> {
  try {
    const path = name === '-' ? await copyStream(process.stdin) : await regularFile(name);
    const { size, ino: inode, mtimeMs: modified } = await stat(path);
    const shown = name === '-' ? 'standard input' : name;
    return { kind, name: shown, path, size, inode, modified, format: await sniff(path) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new DataError(`${kind}_NOT_FOUND`, `${name}: no such file (${resolve(name)}); ${HOW_TO_NAME[kind]}`);
    }
    throw unreadable({ kind, name }, error);
  }
}

/** Real logs compress three to thirty times; gzip, at its best, a thousand times. */
const MAX_EXPANSION = 200;
const MIN_BOMB_BYTES = 4 * 1024 * 1024;

/** @throws DataError <kind>_CHANGED where the file is not the one any more that was opened */
export async function requireUnchanged({ kind, name, path, size, inode, modified }: InputFile): Promise<void> {
  const now = await stat(path).catch(() => null);
  if (now?.size === size && now.ino === inode && now.mtimeMs === modified) return;
  const todo = 'run the command again, on a file that nobody writes meanwhile';
  throw new DataError(`${kind}_CHANGED`, `${name}: the file has changed since this command began to read it; ${todo}`);
}

/**
 * The file's bytes, decompressed. `onStoredBytes` hears how many bytes as stored have been read.
 *
 * @param start of a text file: bytes to leave out
 * @throws DataError <kind>_UNREADABLE, <kind>_CHANGED
 */
export async function* readBytes(
  file: InputFile,
  onStoredBytes?: (bytes: number) => void,
  start = 0,
): AsyncGenerator<Buffer> {
  await requireUnchanged(file);
  const stored = createReadStream(file.path, { highWaterMark: 1 << 18, start });
  let expanded = 0;
  let checked = 0;
  // pipeline() hands errors of the file on to the gunzip stream, whose iteration throws them.
  const content: Readable = file.format === 'gzip' ? pipeline(stored, createGunzip(), () => {}) : stored;
  try {
    for await (const chunk of content) {
      // Before anybody takes the half of a line that is being written for a bad one.
      const { bytesRead } = stored;
      if (bytesRead > checked) await requireUnchanged(file);
      checked = bytesRead;
      onStoredBytes?.(bytesRead);
      expanded += (chunk as Buffer).length;
      if (expanded > MIN_BOMB_BYTES && expanded > MAX_EXPANSION * bytesRead) {
        throw new Error(`its first ${bytesRead} bytes expand to ${expanded}: no text is so repetitive (a gzip bomb?)`);
      }
      yield chunk as Buffer;
    }
  } catch (error) {
    await requireUnchanged(file);
    throw unreadable(file, error);
  } finally {
    stored.destroy();
  }
  await requireUnchanged(file);
}

function unreadable(file: Pick<InputFile, 'kind' | 'name'>, error: unknown): DataError {
  return new DataError(`${file.kind}_UNREADABLE`, `${file.name}: cannot be read: ${describeError(error)}`, {
    cause: error,
  });
}

/** The path itself, or for pipes and devices (`<(zcat log.gz)`) that of a copy. */
async function regularFile(path: string): Promise<string> {
  const status = await stat(path);
  if (status.isDirectory()) throw new Error('it is a folder; name the files in it');
  return status.isFile() ? path : await copyStream(createReadStream(path));
}

async function copyStream(source: Readable): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pope-input-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'input');
  await pipelineDone(source, createWriteStream(path));
  return path;
}

async function sniff(path: string): Promise<InputFile['format']> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    const start = buffer.subarray(0, bytesRead);
    if (start[0] === 0x1f && start[1] === 0x8b) return 'gzip';
    return start.toString('latin1') === 'PAR1' ? 'parquet' : 'text';
  } finally {
    await handle.close();
  }
}

/**
 * @file SHA256SUMS in a folder that was written whole: what `sha256sum` prints of its files, so that `sha256sum -c SHA256SUMS` checks
 * it too. Of a folder in it that has one of its own, that one is listed.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DataError } from '../errors.js';
import { writeFileAtomic } from './atomic.js';
import { reading } from './text.js';

const NAME = 'SHA256SUMS';
const LINE = /^([0-9a-f]{64}) {2}(.+)\n$/;

/** sha256 of a file in hexadecimal digits; it is streamed. @throws DataError UNREADABLE_FILE */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await reading(path, pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash));
  return hash.digest('hex');
}

/** Writes the checksums of all that is in a folder. */
export async function writeChecksums(folder: string): Promise<void> {
  const lines: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const name = entry.isDirectory() ? `${entry.name}/${NAME}` : entry.name;
    if (name === NAME || !existsSync(join(folder, name))) continue;
    lines.push(`${await sha256OfFile(join(folder, name))}  ${name}\n`);
  }
  await writeFileAtomic(join(folder, NAME), lines.sort().join(''));
}

/**
 * Compares a folder with its checksums, if it has any; files that are not listed are passed over, and folders in it check themselves.
 *
 * @returns the hash of each file that was read, by path
 * @throws DataError CHECKSUM naming the file, UNREADABLE_FILE
 */
export async function verifyChecksums(folder: string): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  const list = join(folder, NAME);
  if (!existsSync(list)) return hashes;
  for (const [i, line] of (await reading(list, readFile(list, 'utf8'))).split(/(?<=\n)/).entries()) {
    const [, expected, name] = LINE.exec(line) ?? [];
    if (expected === undefined)
      throw mismatch(`${list}:${i + 1}`, 'expected a sha256, two blanks and the name of a file');
    const path = join(folder, name!);
    const got = await sha256OfFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      throw mismatch(path, `${list} lists it, but it is not there`);
    });
    if (got !== expected) throw mismatch(path, `its sha256 is ${got}, but ${list} says ${expected}`);
    hashes.set(path, got);
  }
  return hashes;
}

function mismatch(path: string, problem: string): DataError {
  return new DataError(
    'CHECKSUM',
    `${path}: not as it was written: ${problem}; restore it from a copy, let a run that is resumed go on from the checkpoint ` +
      `before (--checkpoint previous), or delete ${NAME} if it was changed on purpose`,
  );
}

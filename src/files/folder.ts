import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { describeError, UsageError } from '../errors.js';
import { syncFolder, writing } from './atomic.js';
import { writeChecksums } from './checksums.js';

/**
 * Fills a temporary folder beside `folder`, adds its checksums, and gives it that name. What was there before must have the file `marker`, or
 * be empty.
 */
export async function replaceFolder(
  folder: string,
  marker: string,
  fill: (temporary: string) => Promise<void>,
): Promise<void> {
  const target = resolve(folder);
  const present = await entriesOf(target);
  if (present !== null && present.length > 0 && !present.includes(marker)) {
    const what = `expected a new or empty folder, or one with a ${marker} to replace`;
    throw new UsageError('OUTPUT_NOT_A_MODEL', `${folder}: ${what}; it holds other files, such as ${present[0]}`);
  }
  await writing(folder, replace(target, present !== null, fill));
}

async function replace(target: string, isPresent: boolean, fill: (temporary: string) => Promise<void>): Promise<void> {
  const aside = (kind: string) =>
    join(dirname(target), `.${basename(target)}.${process.pid}.${randomBytes(4).toString('hex')}.${kind}`);
  const temporary = aside('tmp');
  try {
    await mkdir(temporary, { recursive: true });
    await fill(temporary);
    await writeChecksums(temporary);
    const old = isPresent ? aside('old') : null;
    // Folders cannot be exchanged in one step: a kill between these two leaves the old one under its other name.
    if (old !== null) await rename(target, old);
    await rename(temporary, target);
    if (old !== null) await rm(old, { recursive: true });
    await syncFolder(dirname(target));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function entriesOf(folder: string): Promise<string[] | null> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new UsageError('OUTPUT_NOT_A_MODEL', `${folder}: expected a folder: ${describeError(error)}`);
  }
}

import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { sha256OfFile } from '../files/checksums.js';

/**
 * `sha256:` of a set of files: their names without folder and their contents, in the given order.
 *
 * @param known hashes of files that were read already, by path
 */
export async function hashFiles(
  paths: readonly string[],
  known: ReadonlyMap<string, string> = new Map(),
): Promise<string> {
  const total = createHash('sha256');
  for (const path of paths) total.update(`${basename(path)}\0${known.get(path) ?? (await sha256OfFile(path))}\n`);
  return `sha256:${total.digest('hex')}`;
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** `sha256:` of a set of files: their names without folder and their contents, in the given order. Files are streamed. */
export async function hashFiles(paths: readonly string[]): Promise<string> {
  const total = createHash('sha256');
  for (const path of paths) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
    total.update(`${basename(path)}\0${hash.digest('hex')}\n`);
  }
  return `sha256:${total.digest('hex')}`;
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { retrying } from './hub-fetch.js';
import { whenFree } from './when-free.js';

/** A file of a repository. */
export interface HubFile {
  path: string;
  /** Bytes. */
  size: number;
  /** Of a large file sha256 of its bytes; of others the id that git gives it (sha1). In hexadecimal. */
  hash: string;
}

export interface BlobOptions {
  fetch: typeof fetch;
  /** Believe in what is there if its size is right; otherwise its hash is computed. */
  trusts: boolean;
  signal?: AbortSignal | undefined;
  /** Hears the bytes of this file that are on disk. */
  onBytes?: (bytes: number) => void;
}

/**
 * Downloads a file to `blob`, if it is not there as it should be: into `blob`.incomplete first, from which a stopped download
 * goes on, and which takes its name when its hash is right. Who finds another process or call at it waits for that one.
 *
 * @throws PopeError HUB_FAILED; UsageError OUTPUT_LOCKED when the other one gets no further; what `fetch` throws
 */
export async function downloadBlob(url: string, file: HubFile, blob: string, options: BlobOptions): Promise<void> {
  const { signal, onBytes, trusts } = options;
  if (!(await isWhole(blob, file, trusts))) {
    const progress = async () => (await sizeOf(`${blob}.incomplete`)) ?? 0;
    await whenFree(blob, { progress, onProgress: onBytes, signal }, async () => {
      if (await isWhole(blob, file, trusts)) return;
      await retrying(url, () => attempt(url, file, blob, options), signal);
    });
  }
  onBytes?.(file.size);
}

async function isWhole(blob: string, file: HubFile, trusts: boolean): Promise<boolean> {
  if ((await sizeOf(blob)) !== file.size) return false;
  return trusts || (await hashOf(blob, file)) === file.hash;
}

async function attempt(url: string, file: HubFile, blob: string, { fetch, onBytes }: BlobOptions): Promise<void> {
  const partial = `${blob}.incomplete`;
  let done = (await sizeOf(partial)) ?? 0;
  if (done > file.size) done = 0;
  if (done < file.size || file.size === 0) {
    // Compressed, a part would not be one of the file.
    const range = done > 0 && { range: `bytes=${done}-` };
    const response = await fetch(url, { headers: { 'accept-encoding': 'identity', ...range } });
    if (response.status !== 206) done = 0;
    const handle = await open(partial, done === 0 ? 'w' : 'r+');
    try {
      for await (const chunk of response.body ?? []) {
        await handle.write(chunk as Uint8Array, 0, chunk.length, done);
        done += chunk.length;
        onBytes?.(done);
      }
    } finally {
      await handle.close();
    }
    if (done < file.size) throw new Error(`the download of ${file.path} ended after ${done} of ${file.size} bytes`);
  }
  const hash = await hashOf(partial, file);
  if (hash !== file.hash) {
    await rm(partial, { force: true });
    throw new Error(`what came of ${file.path} has the hash ${hash}, expected ${file.hash}`);
  }
  await rename(partial, blob);
}

async function hashOf(path: string, { hash, size }: HubFile): Promise<string> {
  const isGit = hash.length === 40;
  const digest = createHash(isGit ? 'sha1' : 'sha256');
  if (isGit) digest.update(`blob ${size}\0`);
  for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer);
  return digest.digest('hex');
}

async function sizeOf(path: string): Promise<number | null> {
  return stat(path).then(
    ({ size }) => size,
    () => null,
  );
}

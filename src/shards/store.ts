/** @file Where the files of sharded work lie: a folder that all workers see, or a bucket behind the S3 API. */
import { createReadStream, existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError, describeError } from '../errors.js';
import { publishFile } from '../files/atomic.js';
import { openBucket } from './s3-store.js';

/** Files under names, each written once: the first who publishes a name has it, and nobody sees half a file. */
export interface ShardStore {
  /** Of a file, for messages. */
  place(name: string): string;
  has(name: string): Promise<boolean>;
  /** The content, or null where there is none. */
  read(name: string): Promise<string | null>;
  /** @throws DataError SHARDS_MISSING where there is none */
  stream(name: string): AsyncIterable<Buffer>;
  /** Makes content or a local file visible under a name; false where another was there first, and stays. */
  publish(name: string, content: { text: string } | { file: string }): Promise<boolean>;
}

/** Whether an output is a place for shards rather than a file: `s3://BUCKET/PREFIX`, `FOLDER/`, or a folder that is there. */
export async function isShardStore(address: string): Promise<boolean> {
  if (isBucket(address) || address.endsWith('/')) return true;
  return existsSync(address) && (await stat(address)).isDirectory();
}

/** @throws UsageError BUCKET_ADDRESS, BUCKET_KEYS; UnavailableError AWS4FETCH_MISSING */
export async function openShardStore(
  address: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ShardStore> {
  return isBucket(address) ? openBucket(address, environment) : new FolderStore(address);
}

function isBucket(address: string): boolean {
  return address.startsWith('s3://');
}

class FolderStore implements ShardStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  place(name: string): string {
    return join(this.#folder, name);
  }

  async has(name: string): Promise<boolean> {
    return existsSync(this.place(name));
  }

  async read(name: string): Promise<string | null> {
    return (await this.has(name)) ? readFile(this.place(name), 'utf8') : null;
  }

  async *stream(name: string): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of createReadStream(this.place(name))) yield chunk as Buffer;
    } catch (error) {
      throw new DataError('SHARDS_MISSING', `${this.place(name)}: cannot be read: ${describeError(error)}`);
    }
  }

  publish(name: string, content: { text: string } | { file: string }): Promise<boolean> {
    const parts = 'text' in content ? [content.text] : createReadStream(content.file);
    return publishFile(this.place(name), parts);
  }
}

/**
 * @file Shards in a bucket behind the S3 API. A conditional PUT (`If-None-Match: *`) lets the first writer of a name win: 412
 * says that somebody finished already, 409 that somebody is writing now, and to ask again.
 */
import { readFile } from 'node:fs/promises';
import type { AwsClient } from 'aws4fetch';
import pRetry, { AbortError } from 'p-retry';
import { DataError, describeError, PopeError, UnavailableError, UsageError } from '../errors.js';
import type { ShardStore } from './store.js';

const RETRIES = 8;
const PASSING = new Set([408, 409, 429]);

/** @throws UsageError BUCKET_ADDRESS, BUCKET_KEYS; UnavailableError AWS4FETCH_MISSING */
export async function openBucket(
  address: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ShardStore> {
  const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)(?:\/(.*?))?\/*$/.exec(address) ?? [];
  if (bucket === undefined) {
    throw new UsageError('BUCKET_ADDRESS', `${address}: expected s3://BUCKET/PREFIX`);
  }
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  if (!accessKeyId || !secretAccessKey) {
    const todo =
      'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_REGION; AWS_ENDPOINT_URL for another server)';
    throw new UsageError('BUCKET_KEYS', `${address}: no keys for the bucket in the environment: ${todo}`);
  }
  const region = environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION ?? 'us-east-1';
  const server = environment.AWS_ENDPOINT_URL ?? `https://s3.${region}.amazonaws.com`;
  const sessionToken = environment.AWS_SESSION_TOKEN;
  const { AwsClient: Client } = await loadAws4Fetch();
  const keys = { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
  const client = new Client({ ...keys, service: 's3', region, retries: 0 });
  const path = [bucket, ...prefix.split('/').filter((part) => part !== '')].map(encodeURIComponent).join('/');
  return new BucketStore(client, `${server.replace(/\/+$/, '')}/${path}`, address.replace(/\/+$/, ''));
}

class BucketStore implements ShardStore {
  readonly #client: AwsClient;
  readonly #url: string;
  readonly #address: string;

  constructor(client: AwsClient, url: string, address: string) {
    this.#client = client;
    this.#url = url;
    this.#address = address;
  }

  place(name: string): string {
    return `${this.#address}/${name}`;
  }

  async has(name: string): Promise<boolean> {
    return (await this.#ask('HEAD', name, [404])).ok;
  }

  async read(name: string): Promise<string | null> {
    const answer = await this.#ask('GET', name, [404]);
    return answer.ok ? answer.text() : null;
  }

  async *stream(name: string): AsyncGenerator<Buffer> {
    const answer = await this.#ask('GET', name, [404]);
    if (!answer.ok) throw new DataError('SHARDS_MISSING', `${this.place(name)}: there is no such object`);
    for await (const chunk of answer.body!) yield Buffer.from(chunk);
  }

  async publish(name: string, content: { text: string } | { file: string }): Promise<boolean> {
    const body = 'text' in content ? Buffer.from(content.text) : await readFile(content.file);
    return (await this.#ask('PUT', name, [412], { body, headers: { 'if-none-match': '*' } })).ok;
  }

  /** The answer to a request, when it is a success or of an accepted status; others are asked again or end in an error. */
  async #ask(method: string, name: string, accepted: readonly number[], init: RequestInit = {}): Promise<Response> {
    const attempt = async (): Promise<Response> => {
      const answer = await this.#client.fetch(`${this.#url}/${encodeURIComponent(name)}`, { method, ...init });
      if (answer.ok || accepted.includes(answer.status)) return answer;
      await answer.body?.cancel();
      const problem = `${method} gives status ${answer.status}`;
      if (PASSING.has(answer.status) || answer.status >= 500) throw new Error(problem);
      throw new AbortError(this.#failure(name, `${problem}; may these keys read and write there?`));
    };
    const retries = { retries: RETRIES, minTimeout: 100, maxTimeout: 10_000, randomize: true };
    return pRetry(attempt, retries).catch((error: unknown) => {
      if (error instanceof PopeError) throw error;
      throw this.#failure(name, `gave up: ${describeError(error)}`);
    });
  }

  #failure(name: string, problem: string): PopeError {
    return new PopeError('BUCKET_FAILED', `${this.place(name)}: ${problem}`);
  }
}

/** An optional peer: it is loaded only where a bucket is named. */
async function loadAws4Fetch(): Promise<typeof import('aws4fetch')> {
  try {
    return await import('aws4fetch');
  } catch (error) {
    const todo = 'npm install aws4fetch';
    throw new UnavailableError('AWS4FETCH_MISSING', `s3:// needs the package aws4fetch, which is not here: ${todo}`, {
      cause: error,
    });
  }
}

import { UsageError } from '../errors.js';
import { type EncodingOptions, SlateEncoder } from '../models/encode-slate.js';
import { findModel } from '../models/model-folder.js';
import { Tokenizer } from '../models/tokenizer.js';
import { Endpoint, type EndpointOptions } from '../remote/endpoint.js';
import { type QueryEncoderOptions, sha256 } from './encoded-query.js';
import { DEFAULT_DATE } from './local-policy.js';
import type { PolicyIdentity } from './policy.js';

/** A model behind /completions, with its prompt. */
export interface RemoteOptions extends EndpointOptions, Omit<EncodingOptions, 'onOverflow'> {
  /** Name of the model, as the server knows it; with tokenizer and prompt it is the policy, whatever the URL. */
  model: string;
  /** Folder or hub id of the model that is served, of which only the tokenizer is read: texts become tokens here. */
  tokenizer: string;
  /** Most tokens of prompt and response that the server takes; default: it says so itself, by refusing. */
  context?: number | undefined;
  /** When they are exceeded: throw (default), leave the query out, or cut the prompt. */
  onOverflow?: 'error' | 'skip' | 'truncate' | undefined;
  /** What to call the policy; default: the model's name and the first 8 digits of the policy's hash. */
  name?: string | undefined;
  /** Requests at a time; default 16. */
  concurrency?: number | undefined;
  /** Rows per batch, after which results are kept; default 16,384. */
  batchTokens?: number | undefined;
}

/** Enough requests for a server to stay busy between two batches. */
export const REMOTE_BATCH_TOKENS = 16_384;

/** Many short requests meet more failures than one long one: retries cost nothing where there are none. */
const RETRIES = 10;

export interface RemoteParts {
  endpoint: Endpoint;
  model: string;
  tokenizer: Tokenizer;
  encoding: QueryEncoderOptions;
  identity: PolicyIdentity;
  concurrency: number;
}

/**
 * A server and its model as a policy at a temperature.
 *
 * @throws UsageError ENDPOINT_URL, TOKENIZER_MISSING; DataError as `SlateEncoder`
 */
export async function openRemote(url: string, options: RemoteOptions, temperature: number): Promise<RemoteParts> {
  const { model, tokenizer: source, context = Number.POSITIVE_INFINITY, onOverflow = 'error', name } = options;
  const { concurrency = 16, batchTokens = REMOTE_BATCH_TOKENS, retries = RETRIES } = options;
  const { template, system, end, date = DEFAULT_DATE } = options;
  const endpoint = new Endpoint(url.replace(/\/completions\/?$/, ''), { ...options, retries });
  const folder = await findModel(source, {}, 'tokenizer');
  const tokenizer = await Tokenizer.load(folder);
  if (tokenizer === null) {
    const todo = 'give a folder with the tokenizer.json of the model that is served';
    throw new UsageError('TOKENIZER_MISSING', `${folder}: has no tokenizer.json; ${todo}`);
  }
  const encoder = new SlateEncoder(tokenizer, context, {
    date,
    onOverflow: onOverflow === 'truncate' ? 'truncate' : 'error',
    ...(template === undefined ? {} : { template }),
    ...(system === undefined ? {} : { system }),
    ...(end === undefined ? {} : { end }),
  });
  const served = `served:${model}`;
  const id = sha256(JSON.stringify([served, encoder.identity, temperature]));
  return {
    endpoint,
    model,
    tokenizer,
    encoding: { encoder, id, skipsOverflow: onOverflow === 'skip', batchTokens },
    identity: {
      policy: name ?? `${model.split('/').at(-1)}@${id.slice('sha256:'.length, 'sha256:'.length + 8)}`,
      model: served,
      tokenizer: tokenizer.hash,
      temperature,
      dtype: 'served',
    },
    concurrency,
  };
}

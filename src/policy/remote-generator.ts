import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Slate } from '../data/slate.js';
import { PopeError } from '../errors.js';
import { mapConcurrent } from '../remote/concurrent.js';
import { SENDINGS, type Sending, sentPrompt } from '../remote/send-prompt.js';
import { requireServedModel } from '../remote/served-model.js';
import { ServerError } from '../remote/server-error.js';
import { type PromptedQuery, promptedBatches, sha256 } from './encoded-query.js';
import type { GenerationLine } from './generation-line.js';
import type { Generator } from './generator.js';
import type { PolicyIdentity } from './policy.js';
import { openRemote, type RemoteOptions, type RemoteParts } from './remote-options.js';

/** All but `n`, and what `RemoteOptions` does not make part of the policy, are part of a generation's identity. */
export interface RemoteGeneratorOptions extends RemoteOptions {
  /** Samples per query. */
  n: number;
  /** Most tokens of a sample, the end token included. */
  maxTokens: number;
  /** Default 1. */
  temperature?: number | undefined;
  /** Draw from so many most probable tokens; 0, the default: from all, and the server is not told of it. */
  topK?: number | undefined;
  /** Default 1. */
  topP?: number | undefined;
  /** Every sample gets a seed of its own, made of this one, its query and its index; default 0. */
  seed?: number | undefined;
}

const count = z.int().nonnegative().nullish();
const completion = z.looseObject({
  model: z.string().nullish(),
  choices: z.array(z.looseObject({ text: z.string(), finish_reason: z.string().nullish() })).min(1),
  usage: z.looseObject({ prompt_tokens: count, completion_tokens: count }).nullish(),
});

/**
 * A policy whose weights are elsewhere, which answers the queries of a log. Prompts are sent as token ids, or as text to
 * servers that take no ids.
 *
 * @throws as `remotePolicy`
 */
export async function remoteGenerator(url: string, options: RemoteGeneratorOptions): Promise<RemoteGenerator> {
  return new RemoteGenerator(await openRemote(url, options, options.temperature ?? 1), options);
}

/** See `remoteGenerator`. Samples have no log-probability: what servers give depends on their settings of sampling. */
export class RemoteGenerator implements Generator {
  readonly id: string;
  readonly identity: PolicyIdentity;
  readonly n: number;
  readonly #parts: RemoteParts;
  readonly #sampling: { maxTokens: number; topK: number; topP: number; seed: number };
  #sending: Promise<Sending> | undefined;

  constructor(parts: RemoteParts, { n, maxTokens, topK = 0, topP = 1, seed = 0 }: RemoteGeneratorOptions) {
    this.id = sha256(JSON.stringify([parts.encoding.id, maxTokens, topK, topP, seed]));
    this.identity = parts.identity;
    this.n = n;
    this.#parts = parts;
    this.#sampling = { maxTokens, topK, topP, seed };
  }

  batches(slates: AsyncIterable<Slate> | Iterable<Slate>): AsyncIterable<readonly PromptedQuery[]> {
    const encoding = { ...this.#parts.encoding, id: this.id };
    return promptedBatches(slates, encoding, { n: this.n, maxTokens: this.#sampling.maxTokens });
  }

  /**
   * @throws ServerError TOKENS_SHIFTED where the server counts other prompt tokens than were sent; PopeError ENDPOINT_FAILED,
   *   ENDPOINT_REFUSED, ENDPOINT_ANSWER, ENDPOINT_MODEL; the reason of `signal`
   */
  async generateBatch(
    batch: readonly PromptedQuery[],
    { signal, onProgress }: Parameters<Generator['generateBatch']>[1] = {},
  ): Promise<GenerationLine[][]> {
    const wanted = batch.flatMap((query) => Array.from({ length: this.n }, (_, index) => ({ query, index })));
    this.#sending ??= this.#findSending(batch[0]!.prompt, signal).catch((error: unknown) => {
      this.#sending = undefined; // A server that is down now may be up later.
      throw error;
    });
    const sending = await this.#sending;
    const done = { samples: 0, tokens: 0 };
    const lines = await mapConcurrent(wanted, this.#parts.concurrency, async ({ query, index }) => {
      const line = await this.#sample(query, index, sending, signal);
      done.samples++;
      done.tokens += line.tokens ?? 0;
      onProgress?.(done);
      return line;
    });
    return batch.map((_, i) => lines.slice(i * this.n, (i + 1) * this.n));
  }

  /** The first way of sending a prompt that the server takes and counts the same tokens in. */
  async #findSending(prompt: readonly number[], signal: AbortSignal | undefined): Promise<Sending> {
    const { tokenizer } = this.#parts;
    let failure: unknown;
    for (const sending of SENDINGS) {
      try {
        const body = { prompt: sentPrompt(prompt, sending, tokenizer), max_tokens: 1 };
        const problem = this.#miscount(prompt, await this.#complete(body, signal));
        if (problem === null) return sending;
        failure = problem;
      } catch (error) {
        if (!(error instanceof PopeError) || error.code !== 'ENDPOINT_REFUSED') throw error;
        failure ??= error;
      }
    }
    throw failure;
  }

  /** What is wrong when the server counts other tokens in a prompt than were sent; a server that does not count is believed. */
  #miscount(prompt: ArrayLike<number>, { usage }: z.infer<typeof completion>, whose = ''): ServerError | null {
    const counted = usage?.prompt_tokens ?? prompt.length;
    if (counted === prompt.length) return null;
    const problem = `${prompt.length} tokens${whose} are sent, and the server counts ${counted}`;
    return new ServerError('TOKENS_SHIFTED', `${this.#parts.endpoint.url}/completions`, problem);
  }

  async #complete(body: object, signal: AbortSignal | undefined) {
    const { endpoint, model } = this.#parts;
    const { value } = await endpoint.post('completions', { model, ...body }, completion, signal);
    requireServedModel(endpoint.url, model, value.model);
    return value;
  }

  async #sample(
    { query, key, prompt, truncated }: PromptedQuery,
    index: number,
    sending: Sending,
    signal: AbortSignal | undefined,
  ): Promise<GenerationLine> {
    const { identity, tokenizer } = this.#parts;
    const { maxTokens, topK, topP, seed } = this.#sampling;
    const { temperature } = identity;
    const body = {
      prompt: sentPrompt(prompt, sending, tokenizer),
      ...{ max_tokens: maxTokens, temperature, top_p: topP },
      seed: seedOf(seed, query, index),
      ...(topK > 0 ? { top_k: topK } : {}),
    };
    const value = await this.#complete(body, signal);
    const miscount = this.#miscount(prompt, value, ` of query "${query}"`);
    if (miscount !== null) throw miscount;
    const { text, finish_reason: finish } = value.choices[0]!;
    return {
      query,
      index,
      text,
      tokens: value.usage?.completion_tokens || null,
      logprob: null,
      finish: finish === 'stop' || finish === 'length' ? finish : null,
      policy: identity.policy,
      seed,
      temperature,
      identity: this.id,
      key,
      ...(truncated > 0 ? { truncated } : {}),
    };
  }
}

/** 31 bits, since servers keep seeds in signed 32. */
function seedOf(seed: number, query: string, index: number): number {
  return (
    createHash('sha256')
      .update(JSON.stringify([seed, query, index]))
      .digest()
      .readUInt32BE(0) >>> 1
  );
}

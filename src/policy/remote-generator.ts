import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Slate } from '../data/slate.js';
import { mapConcurrent } from '../remote/concurrent.js';
import { requireServedModel } from '../remote/served-model.js';
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

const completion = z.looseObject({
  model: z.string().nullish(),
  choices: z.array(z.looseObject({ text: z.string(), finish_reason: z.string().nullish() })).min(1),
  usage: z.looseObject({ completion_tokens: z.int().nonnegative().nullish() }).nullish(),
});

/**
 * A policy whose weights are elsewhere, which answers the queries of a log. Prompts are sent as token ids.
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

  /** @throws PopeError ENDPOINT_FAILED, ENDPOINT_REFUSED, ENDPOINT_ANSWER, ENDPOINT_MODEL; the reason of `signal` */
  async generateBatch(
    batch: readonly PromptedQuery[],
    { signal, onProgress }: Parameters<Generator['generateBatch']>[1] = {},
  ): Promise<GenerationLine[][]> {
    const wanted = batch.flatMap((query) => Array.from({ length: this.n }, (_, index) => ({ query, index })));
    const done = { samples: 0, tokens: 0 };
    const lines = await mapConcurrent(wanted, this.#parts.concurrency, async ({ query, index }) => {
      const line = await this.#sample(query, index, signal);
      done.samples++;
      done.tokens += line.tokens ?? 0;
      onProgress?.(done);
      return line;
    });
    return batch.map((_, i) => lines.slice(i * this.n, (i + 1) * this.n));
  }

  async #sample(
    { query, key, prompt, truncated }: PromptedQuery,
    index: number,
    signal: AbortSignal | undefined,
  ): Promise<GenerationLine> {
    const { endpoint, model, identity } = this.#parts;
    const { maxTokens, topK, topP, seed } = this.#sampling;
    const { temperature } = identity;
    const body = {
      ...{ model, prompt, max_tokens: maxTokens, temperature, top_p: topP },
      seed: seedOf(seed, query, index),
      ...(topK > 0 ? { top_k: topK } : {}),
    };
    const { value } = await endpoint.post('completions', body, completion, signal);
    requireServedModel(endpoint.url, model, value.model);
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

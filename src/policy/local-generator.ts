import { createHash } from 'node:crypto';
import type { Slate } from '../data/slate.js';
import type { CausalModel } from '../models/causal-model.js';
import { CACHE_ROWS, type GenerateProgress } from '../models/generate-options.js';
import type { Tokenizer } from '../models/tokenizer.js';
import { withMemoryAdvice } from '../tensor/out-of-memory.js';
import { type PromptedQuery, promptedBatches, type QueryEncoderOptions, sha256 } from './encoded-query.js';
import type { GenerationLine } from './generation-line.js';
import type { Generator } from './generator.js';
import { type LocalPolicyOptions, localIdentity } from './local-policy.js';
import type { PolicyIdentity } from './policy.js';

/** All but `n`, `onOverflow`, `batchTokens` and `name` are part of a generation's identity. */
export interface LocalGeneratorOptions extends LocalPolicyOptions {
  /** Samples per query. */
  n: number;
  /** Most tokens of a sample, the end token included. */
  maxTokens: number;
  /** As in `GenerateOptions`. */
  topK?: number;
  topP?: number;
  seed?: number;
}

/**
 * A language model with its prompt, temperature and rules of sampling: it writes responses to the queries of a log. Sample i
 * of a query depends on the model, the prompt, the query's id, i, the seed and the settings alone. The model stays the caller's.
 */
export class LocalGenerator implements Generator {
  readonly id: string;
  readonly identity: PolicyIdentity;
  readonly n: number;
  readonly #model: CausalModel;
  readonly #tokenizer: Tokenizer;
  readonly #encoding: QueryEncoderOptions;
  readonly #sampling: { maxTokens: number; topK: number; topP: number; seed: number; temperature: number };

  /** @throws DataError NO_TOKENIZER, CHAT_TEMPLATE, NO_END_TOKEN */
  constructor(model: CausalModel, options: LocalGeneratorOptions) {
    const { n, maxTokens, topK = 0, topP = 1, seed = 0, batchTokens = CACHE_ROWS, name, ...policy } = options;
    const { temperature = 1 } = policy;
    const { tokenizer, encoder, id, identity } = localIdentity(model, { ...policy, temperature, name });
    this.#model = model;
    this.#tokenizer = tokenizer;
    this.#sampling = { maxTokens, topK, topP, seed, temperature };
    this.n = n;
    this.id = sha256(JSON.stringify([id, maxTokens, topK, topP, seed]));
    this.identity = identity;
    this.#encoding = { encoder, id: this.id, batchTokens, skipsOverflow: policy.onOverflow === 'skip' };
  }

  batches(slates: AsyncIterable<Slate> | Iterable<Slate>): AsyncIterable<readonly PromptedQuery[]> {
    return promptedBatches(slates, this.#encoding, { n: this.n, maxTokens: this.#sampling.maxTokens });
  }

  /** @returns lines[i][k] of sample k of query i */
  async generateBatch(
    batch: readonly PromptedQuery[],
    options: { signal?: AbortSignal; onProgress?: (progress: GenerateProgress) => void } = {},
  ): Promise<GenerationLine[][]> {
    const { encoder, batchTokens } = this.#encoding;
    const { endId } = encoder;
    const { seed, temperature } = this.#sampling;
    const prompts = batch.map(({ query, prompt }) => ({ ids: prompt, stream: streamOf(query) }));
    const generations = await withMemoryAdvice(`lower --batch-tokens (now ${batchTokens})`, () =>
      this.#model.generateBatch(prompts, {
        ...this.#sampling,
        n: this.n,
        stop: endId === null ? [] : [endId],
        batchTokens,
        ...options,
      }),
    );
    return batch.map(({ query, key, truncated }, i) =>
      generations[i]!.map(({ ids, logProb, finish }, index) => ({
        query,
        index,
        text: this.#tokenizer.decode(finish === 'stop' ? ids.slice(0, -1) : ids),
        tokens: ids.length,
        logprob: logProb,
        finish,
        policy: this.identity.policy,
        seed,
        temperature,
        identity: this.id,
        key,
        ...(truncated > 0 ? { truncated } : {}),
      })),
    );
  }
}

/** The random numbers of a query: the first 32 bits of the hash of its id, so that they do not depend on its place in a log. */
function streamOf(query: string): number {
  return createHash('sha256').update(query).digest().readUInt32BE(0);
}

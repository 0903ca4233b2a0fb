import { basename, resolve } from 'node:path';
import type { Slate } from '../data/slate.js';
import type { TrainedQueries } from '../data/trained-queries.js';
import { DataError, UsageError } from '../errors.js';
import type { CausalModel } from '../models/causal-model.js';
import { type EncodingOptions, SlateEncoder } from '../models/encode-slate.js';
import { withMemoryAdvice } from '../tensor/out-of-memory.js';
import { type BatchPolicy, scoreInBatches } from './batch-policy.js';
import { type EncodedQuery, encodedBatches, type QueryEncoderOptions, sha256 } from './encoded-query.js';
import type { Policy, PolicyIdentity, ScoreOptions, SlateScores } from './policy.js';

/** All but `onOverflow`, `batchTokens` and `name` make another policy, with another hash. */
export interface LocalPolicyOptions extends Omit<EncodingOptions, 'onOverflow'> {
  /** Logits are divided by it; default 1. */
  temperature?: number;
  /** What to call the policy; default: the model's folder and the first 8 digits of the policy's hash. */
  name?: string;
  /** When prompt and response exceed the model's context: throw (default), leave the query out, or cut the prompt. */
  onOverflow?: 'error' | 'skip' | 'truncate';
  /** Rows per batch, default 2048. */
  batchTokens?: number;
}

/** Enough rows for full speed of the matrix products, few enough to stay small in memory. */
export const DEFAULT_BATCH_TOKENS = 2048;

/**
 * What templates are told is today, unless the caller says otherwise. It is fixed, because a policy whose prompt changed
 * overnight would be another policy; the day is the one that Llama 3's template falls back to.
 */
export const DEFAULT_DATE = new Date('2024-07-26T00:00:00Z');

/**
 * A language model with its prompt and temperature as a policy: it scores the responses of a log (docs/theory.md
 * section 2). The model stays the caller's, who disposes it.
 */
export class LocalPolicy implements BatchPolicy<EncodedQuery> {
  readonly id: string;
  readonly identity: PolicyIdentity;
  readonly splitOf: Policy['splitOf'];
  readonly #trainedOn: TrainedQueries | null;
  readonly #model: CausalModel;
  readonly #encoding: QueryEncoderOptions;

  /** @throws UsageError TEMPERATURE, DataError NO_TOKENIZER, CHAT_TEMPLATE, NO_END_TOKEN */
  constructor(model: CausalModel, options: LocalPolicyOptions = {}) {
    const { temperature = 1, name, onOverflow = 'error', batchTokens = DEFAULT_BATCH_TOKENS, ...encoding } = options;
    if (!(temperature > 0 && Number.isFinite(temperature))) {
      throw new UsageError('TEMPERATURE', `temperature: expected a number above 0, got ${temperature}`);
    }
    this.#model = model;
    // As they are now: a model that goes on training is another policy.
    const { trainedOn } = model;
    this.#trainedOn = trainedOn;
    if (trainedOn !== null) this.splitOf = (slate) => trainedOn.splitOf(slate);
    const { encoder, id, identity } = localIdentity(model, { temperature, name, onOverflow, ...encoding });
    this.#encoding = { encoder, id, batchTokens, skipsOverflow: onOverflow === 'skip' };
    this.id = id;
    this.identity = identity;
  }

  /**
   * Log-probabilities of the responses of slates, in their order: sums over tokens in nats, and mean entropies.
   *
   * @throws DataError CONTEXT_OVERFLOW, and what else the encoding of a query throws; the reason of an aborted signal
   */
  score(slates: AsyncIterable<Slate> | Iterable<Slate>, options: ScoreOptions = {}): AsyncIterable<SlateScores> {
    return scoreInBatches(this, slates, options);
  }

  /** Batches of whole slates, in order; one is closed when the next slate's rows do not fit. */
  batches(slates: AsyncIterable<Slate> | Iterable<Slate>): AsyncIterable<readonly EncodedQuery[]> {
    const trainedOn = this.#trainedOn;
    return encodedBatches(slates, this.#encoding, trainedOn === null ? undefined : (slate) => trainedOn.splitOf(slate));
  }

  /** Scores one of `batches`: log-probabilities in nats, sums over the tokens of each response. */
  async scoreBatch(
    batch: readonly EncodedQuery[],
    { signal }: Pick<ScoreOptions, 'signal'> = {},
  ): Promise<SlateScores[]> {
    signal?.throwIfAborted();
    const slates = batch.map(({ prompt, responses }) => ({ prompt, responses: responses.map(({ ids }) => ids) }));
    const { batchTokens } = this.#encoding;
    const { temperature } = this.identity;
    const scored = await withMemoryAdvice(`lower --batch-tokens (now ${batchTokens})`, () =>
      this.#model.scoreTokens(slates, { entropy: true, temperature, batchTokens }),
    );
    return batch.map(({ query, responses, truncated, split }, i) => ({
      query,
      ...(split === undefined ? {} : { split }),
      responses: responses.map(({ id, key, ids, bytes }, k) => {
        const { sum, entropies } = scored[i]![k]!;
        return {
          response: id,
          logprob: sum,
          tokens: ids.length,
          bytes,
          entropy: entropies!.reduce((total, entropy) => total + entropy, 0) / ids.length,
          key,
          ...(truncated > 0 ? { truncated } : {}),
        };
      }),
    }));
  }
}

/**
 * What a model is as a policy, with its encoder.
 *
 * @throws DataError NO_TOKENIZER, CHAT_TEMPLATE, NO_END_TOKEN
 */
export function localIdentity(
  model: CausalModel,
  options: Omit<LocalPolicyOptions, 'name' | 'batchTokens'> & { temperature: number; name: string | undefined },
) {
  const { temperature, name, onOverflow, ...encoding } = options;
  const { tokenizer } = model;
  if (tokenizer === null) {
    throw new DataError(
      'NO_TOKENIZER',
      `${model.folder}: expected a tokenizer.json beside the weights, to turn text into tokens`,
    );
  }
  const encoder = new SlateEncoder(tokenizer, model.context, {
    date: DEFAULT_DATE,
    ...encoding,
    onOverflow: onOverflow === 'truncate' ? 'truncate' : 'error',
  });
  const id = sha256(JSON.stringify([model.hash, encoder.identity, temperature, model.dtype]));
  const identity: PolicyIdentity = {
    policy: name ?? `${nameOf(model)}@${id.slice('sha256:'.length, 'sha256:'.length + 8)}`,
    model: model.hash,
    tokenizer: tokenizer.hash,
    temperature,
    dtype: model.dtype,
  };
  return { tokenizer, encoder, id, identity };
}

/** The folder's own name, or that of a model of the hub without its revision. */
function nameOf({ name, folder }: CausalModel): string {
  const last = basename(resolve(name));
  return name === folder ? last : last.replace(/@.*$/, '');
}

import type { Slate } from '../data/slate.js';
import { mapConcurrent } from '../remote/concurrent.js';
import { probeServer, type ServerProbe } from '../remote/probe.js';
import type { PromptScorer } from '../remote/prompt-scorer.js';
import { type BatchPolicy, scoreInBatches } from './batch-policy.js';
import { type EncodedQuery, encodedBatches } from './encoded-query.js';
import type { PolicyIdentity, ScoreOptions, SlateScores } from './policy.js';
import { openRemote, type RemoteOptions, type RemoteParts } from './remote-options.js';

export interface RemotePolicyOptions extends RemoteOptions {
  /** Most that the probe lets a token's log-probability change between two askings, nats; default 0.1. */
  tolerance?: number | undefined;
}

/**
 * A policy whose weights are elsewhere: a model behind an OpenAI-compatible /completions that says how likely given tokens
 * are (docs/remote.md). Its temperature is 1, since another one needs whole distributions; entropies are null.
 *
 * @param url of the server, such as https://host/v1
 * @throws UsageError ENDPOINT_URL, TOKENIZER_MISSING; DataError CHAT_TEMPLATE, NO_END_TOKEN
 */
export async function remotePolicy(url: string, options: RemotePolicyOptions): Promise<RemotePolicy> {
  return new RemotePolicy(await openRemote(url, options, 1), options.tolerance);
}

/** See `remotePolicy`. */
export class RemotePolicy implements BatchPolicy<EncodedQuery> {
  readonly id: string;
  readonly identity: PolicyIdentity;
  readonly #parts: RemoteParts;
  readonly #tolerance: number | undefined;
  #probed: Promise<{ scorer: PromptScorer; probe: ServerProbe }> | undefined;

  constructor(parts: RemoteParts, tolerance: number | undefined) {
    this.id = parts.encoding.id;
    this.identity = parts.identity;
    this.#parts = parts;
    this.#tolerance = tolerance;
  }

  /**
   * Finds out how the server is asked and whether it can be trusted. The first scoring does it by itself.
   *
   * @throws as `probeServer`
   */
  async probe(signal?: AbortSignal): Promise<ServerProbe> {
    return (await this.#probe(signal)).probe;
  }

  score(slates: AsyncIterable<Slate> | Iterable<Slate>, options: ScoreOptions = {}): AsyncIterable<SlateScores> {
    return scoreInBatches(this, slates, options);
  }

  batches(slates: AsyncIterable<Slate> | Iterable<Slate>): AsyncIterable<readonly EncodedQuery[]> {
    return encodedBatches(slates, this.#parts.encoding);
  }

  /** @throws as `probeServer` */
  async scoreBatch(
    batch: readonly EncodedQuery[],
    { signal }: Pick<ScoreOptions, 'signal'> = {},
  ): Promise<SlateScores[]> {
    signal?.throwIfAborted();
    const { scorer } = await this.#probe(signal);
    const all = batch.flatMap(({ prompt, responses }) => responses.map(({ ids }) => ({ prompt, ids })));
    const sums = await mapConcurrent(all, this.#parts.concurrency, async ({ prompt, ids }) => {
      const reports = await scorer.ask([...prompt, ...ids], prompt.length, { signal });
      return reports.reduce((sum, { logprob }) => sum + logprob, 0);
    });
    let next = 0;
    return batch.map(({ query, responses, truncated }) => ({
      query,
      responses: responses.map(({ id, key, ids, bytes }) => ({
        response: id,
        logprob: sums[next++]!,
        tokens: ids.length,
        bytes,
        entropy: null,
        key,
        ...(truncated > 0 ? { truncated } : {}),
      })),
    }));
  }

  #probe(signal: AbortSignal | undefined) {
    const { endpoint, model, tokenizer, encoding } = this.#parts;
    const server = { endpoint, model, tokenizer, encoder: encoding.encoder };
    this.#probed ??= probeServer(server, { tolerance: this.#tolerance, signal }).catch((error: unknown) => {
      this.#probed = undefined; // A server that is down now may be up later.
      throw error;
    });
    return this.#probed;
  }
}

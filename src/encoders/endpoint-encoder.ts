import { z } from 'zod';
import { PopeError } from '../errors.js';
import { mapConcurrent } from '../remote/concurrent.js';
import { Endpoint, type EndpointOptions } from '../remote/endpoint.js';
import { requireServedModel } from '../remote/served-model.js';
import type { EmbedOptions, Encoder } from './encoder.js';

/** An encoder behind a server: its model, and how requests are made. */
export interface EndpointEncoderOptions extends EndpointOptions {
  /** Name of the model, as the server knows it. */
  model: string;
  /** Texts per request; default 64. */
  batch?: number | undefined;
  /** Requests at a time; default 4. */
  concurrency?: number | undefined;
}

const answer = z.looseObject({
  model: z.string().nullish(),
  data: z.array(z.looseObject({ index: z.int().nonnegative(), embedding: z.array(z.number()).min(1) })),
});

/** A model behind an OpenAI-compatible /embeddings. Empty texts are not sent: servers refuse them; they get zeros. */
export class EndpointEncoder implements Encoder {
  readonly kind = 'endpoint';
  readonly id: string;
  readonly #endpoint: Endpoint;
  readonly #options: { model: string; batch: number; concurrency: number };
  #dimensions: number | null = null;

  /** @param url of the server, such as https://host/v1 @throws UsageError ENDPOINT_URL */
  constructor(url: string, { model, batch = 64, concurrency = 4, ...options }: EndpointEncoderOptions) {
    this.#endpoint = new Endpoint(url.replace(/\/embeddings\/?$/, ''), options);
    this.#options = { model, batch, concurrency };
    this.id = `${model} at ${this.#endpoint.url}`;
  }

  /** @throws PopeError ENDPOINT_FAILED, ENDPOINT_REFUSED, ENDPOINT_ANSWER, ENDPOINT_MODEL; the reason of `signal` */
  async embed(texts: readonly string[], { signal, onProgress }: EmbedOptions = {}): Promise<Float32Array[]> {
    const { batch, concurrency } = this.#options;
    const sent = [...new Set(texts)].filter((text) => text !== '');
    const batches = Array.from({ length: Math.ceil(sent.length / batch) }, (_, i) =>
      sent.slice(i * batch, (i + 1) * batch),
    );
    const vectors = new Map<string, Float32Array>();
    await mapConcurrent(batches, concurrency, async (own) => {
      for (const [i, vector] of (await this.#request(own, signal)).entries()) vectors.set(own[i]!, vector);
      onProgress?.({ texts: vectors.size });
    });
    const zeros = new Float32Array(this.#dimensions ?? 1);
    return texts.map((text) => vectors.get(text) ?? zeros);
  }

  dispose(): void {}

  async #request(input: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> {
    const { model } = this.#options;
    const body = { model, input, encoding_format: 'float' };
    const { value } = await this.#endpoint.post('embeddings', body, answer, signal);
    requireServedModel(this.#endpoint.url, model, value.model);
    const vectors: Float32Array[] = [];
    for (const { index, embedding } of value.data) vectors[index] = Float32Array.from(embedding);
    this.#dimensions ??= vectors[0]?.length ?? null;
    const fits = input.every((_, i) => vectors[i]?.length === this.#dimensions && vectors[i].every(Number.isFinite));
    if (fits && vectors.length === input.length) return vectors;
    const got = `${value.data.length} vectors of ${[...new Set(value.data.map(({ embedding }) => embedding.length))]} numbers`;
    throw new PopeError(
      'ENDPOINT_ANSWER',
      `${this.#endpoint.url}/embeddings: expected one vector of ${this.#dimensions} finite numbers for each of ${input.length} texts, got ${got}`,
    );
  }
}

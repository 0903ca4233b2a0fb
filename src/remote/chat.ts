import { z } from 'zod';
import { Endpoint, type EndpointOptions } from './endpoint.js';
import { requireServedModel } from './served-model.js';

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface ChatAnswer {
  text: string;
  /** null where the server does not count. */
  promptTokens: number | null;
  completionTokens: number | null;
  /** `stop`, `length` and others, as the server calls them; null where it does not say. */
  finish: string | null;
  /** The server's answer as it came. */
  raw: string;
}

/** A chat model, and how it samples. */
export interface ChatOptions extends EndpointOptions {
  /** Name of the model, as the server knows it. */
  model: string;
  /** Default 0. */
  temperature?: number | undefined;
  /** Most tokens of an answer; default 512. */
  maxTokens?: number | undefined;
  /** Given to the server, which may use it. */
  seed?: number | undefined;
}

const count = z.int().nonnegative().nullish();
const completion = z.looseObject({
  model: z.string().nullish(),
  choices: z
    .array(z.looseObject({ message: z.looseObject({ content: z.string() }), finish_reason: z.string().nullish() }))
    .min(1),
  usage: z.looseObject({ prompt_tokens: count, completion_tokens: count }).nullish(),
});

/** A model behind an OpenAI-compatible /chat/completions. */
export class ChatModel {
  readonly model: string;
  readonly endpoint: Endpoint;
  readonly #request: object;

  /** @param url of the server, such as https://host/v1 @throws UsageError ENDPOINT_URL */
  constructor(url: string, { model, temperature = 0, maxTokens = 512, seed, ...options }: ChatOptions) {
    this.model = model;
    this.endpoint = new Endpoint(url.replace(/\/chat\/completions\/?$/, ''), options);
    this.#request = { model, temperature, max_tokens: maxTokens, ...(seed !== undefined && { seed }) };
  }

  /** What distinguishes its answers from those of other models and settings. */
  get identity(): string {
    return JSON.stringify([this.endpoint.url, this.#request]);
  }

  /** @throws PopeError ENDPOINT_FAILED, ENDPOINT_REFUSED, ENDPOINT_ANSWER, ENDPOINT_MODEL; the reason of `signal` */
  async complete(messages: readonly ChatMessage[], signal?: AbortSignal): Promise<ChatAnswer> {
    const body = { ...this.#request, messages };
    const { value, raw } = await this.endpoint.post('chat/completions', body, completion, signal);
    requireServedModel(this.endpoint.url, this.model, value.model);
    const [choice] = value.choices;
    return {
      text: choice!.message.content,
      promptTokens: value.usage?.prompt_tokens ?? null,
      completionTokens: value.usage?.completion_tokens ?? null,
      finish: choice!.finish_reason ?? null,
      raw,
    };
  }
}

import { createHash } from 'node:crypto';
import type { Message, Slate } from '../data/slate.js';
import { DataError } from '../errors.js';
import { ChatTemplate } from './chat-template.js';
import type { Tokenizer } from './tokenizer.js';

/** How text becomes token ids; all but `onOverflow` are part of a policy's identity. */
export interface EncodingOptions {
  /** `auto`: the tokenizer's chat template, else raw; `raw`: no template; or the source of a Jinja template. */
  template?: 'auto' | 'raw' | { jinja: string };
  /** System prompt. It takes the place of a system message with which a query's own messages begin. */
  system?: string;
  /** `auto`: a response ends with the template's end-of-turn token, or EOS; `none`: with its last word. */
  end?: 'auto' | 'none';
  /** `truncate` cuts the prompt from the left where prompt and response exceed the context; default `error`. */
  onOverflow?: 'error' | 'truncate';
  /** What a template's `strftime_now` calls now; default: now. */
  date?: Date;
}

/** A response as tokens. */
export interface EncodedResponse {
  /** End token included. */
  ids: number[];
  /** Number of ids. */
  tokens: number;
  /** UTF-8 bytes of the text. */
  bytes: number;
}

/** A query and its responses as tokens. */
export interface EncodedSlate {
  promptIds: number[];
  responses: EncodedResponse[];
  /** Prompt tokens that were cut off. */
  truncated: number;
}

/**
 * Turns slates into token ids: ids = encode(prompt) ++ encode(response, no special tokens) ++ end. Prompt and response
 * are encoded apart, which a prompt shared by several responses requires.
 */
export class SlateEncoder {
  /** Token that ends every response, or null. */
  readonly endId: number | null;
  /** `sha256:` of tokenizer, template, system prompt and end: part of a policy's identity. */
  readonly identity: string;
  private readonly template: ChatTemplate | null;

  /**
   * @param context most tokens of prompt and response together
   * @throws DataError `CHAT_TEMPLATE` for a broken template, `NO_END_TOKEN` when `end` is `auto` and there is none
   */
  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly context: number,
    private readonly options: EncodingOptions = {},
  ) {
    const { template = 'auto', system, end = 'auto', date = new Date() } = options;
    const source = typeof template === 'object' ? template.jinja : template === 'auto' ? tokenizer.chatTemplate : null;
    const place = typeof template === 'object' ? 'the given chat template' : `the chat template of ${tokenizer.path}`;
    this.template = source === null ? null : new ChatTemplate(source, place, tokenizer.specialTokens, date);
    this.endId = end === 'none' ? null : this.findEnd();
    const today = this.template?.usesDate ? date.toISOString().slice(0, 10) : null;
    const identity = JSON.stringify([tokenizer.hash, source, system ?? null, end, today]);
    this.identity = `sha256:${createHash('sha256').update(identity).digest('hex')}`;
  }

  /** The first token after an assistant's content if it is one that no text contains, else EOS. */
  private findEnd(): number {
    const after = this.template?.afterAssistant(this.options.system) ?? '';
    const first = this.tokenizer.encode(after)[0];
    if (first !== undefined && this.tokenizer.isAdded(first)) return first;
    if (this.tokenizer.eosId !== null) return this.tokenizer.eosId;
    const todo = "name eos_token in tokenizer_config.json, or score without an end (end 'none')";
    throw new DataError('NO_END_TOKEN', `${this.tokenizer.path}: has no end-of-turn and no EOS token: ${todo}.`);
  }

  /** @throws DataError `EMPTY_PROMPT`, `EMPTY_RESPONSE` or `CONTEXT_OVERFLOW` naming the query and response */
  encode(slate: Slate): EncodedSlate {
    const place = `query ${JSON.stringify(slate.id)}`;
    const promptIds = this.promptIds(slate);
    const responses = slate.responses.map((response) => {
      const ids = this.tokenizer.encode(response.text);
      if (ids.length === 0) {
        throw new DataError('EMPTY_RESPONSE', `${place}, response ${JSON.stringify(response.id)}: has no tokens.`);
      }
      if (this.endId !== null) ids.push(this.endId);
      return { ids, tokens: ids.length, bytes: Buffer.byteLength(response.text) };
    });
    const excess = this.checkContext(slate, promptIds, responses);
    if (excess > 0) this.cut(promptIds, excess);
    return { promptIds, responses, truncated: excess };
  }

  /**
   * A prompt to go on from by up to `room` tokens.
   *
   * @throws DataError `EMPTY_PROMPT` or `CONTEXT_OVERFLOW` naming the query
   */
  encodePrompt(slate: Slate, room: number): Omit<EncodedSlate, 'responses'> {
    const promptIds = this.promptIds(slate);
    const excess = Math.max(0, promptIds.length + room - this.context);
    if (excess === 0) return { promptIds, truncated: 0 };
    const truncating = this.options.onOverflow === 'truncate';
    if (!truncating || room >= this.context) {
      const got = `${promptIds.length} prompt tokens and room for ${room} new ones`;
      const todo = truncating ? 'Ask for fewer tokens' : 'Ask for fewer tokens, cut the prompt or skip the query';
      throw new DataError(
        'CONTEXT_OVERFLOW',
        `query ${JSON.stringify(slate.id)}: ${got}, but the model's context is ${this.context} tokens. ${todo}.`,
      );
    }
    this.cut(promptIds, excess);
    return { promptIds, truncated: excess };
  }

  /** Cuts from the left, after BOS. */
  private cut(promptIds: number[], excess: number): void {
    promptIds.splice(promptIds[0] === this.tokenizer.bosId ? 1 : 0, excess);
  }

  /** Prompt tokens to cut off: 0 unless truncating. */
  private checkContext(slate: Slate, promptIds: number[], responses: EncodedResponse[]): number {
    const longest = Math.max(0, ...responses.map(({ tokens }) => tokens));
    const excess = promptIds.length + longest - this.context;
    if (excess <= 0) return 0;
    const truncating = this.options.onOverflow === 'truncate';
    if (truncating && longest < this.context) return excess;
    const response = slate.responses[responses.findIndex(({ tokens }) => tokens === longest)]!;
    const place = `query ${JSON.stringify(slate.id)}, response ${JSON.stringify(response.id)}`;
    const got = `${promptIds.length} prompt and ${longest} response tokens`;
    const todo = truncating
      ? 'A response is never cut: leave it out'
      : 'Cut the prompt (overflow "truncate") or skip the query';
    throw new DataError(
      'CONTEXT_OVERFLOW',
      `${place}: ${got}, but the model's context is ${this.context} tokens. ${todo}.`,
    );
  }

  private promptIds(slate: Slate): number[] {
    const ids = this.tokens(slate);
    if (ids.length > 0) return ids;
    const why = 'the prompt is empty and the tokenizer adds no beginning-of-text token';
    const todo = 'so nothing predicts the first token. Give it a prompt';
    throw new DataError('EMPTY_PROMPT', `query ${JSON.stringify(slate.id)}: ${why}, ${todo}.`);
  }

  private tokens(slate: Slate): number[] {
    const { system } = this.options;
    let messages: Message[] = slate.messages ?? [{ role: 'user', content: slate.prompt ?? '' }];
    if (system !== undefined) {
      if (messages[0]?.role === 'system') messages = messages.slice(1);
      messages = [{ role: 'system', content: system }, ...messages];
    }
    if (this.template !== null) return this.tokenizer.encode(this.template.render(messages, true));
    // Without a template the prompt is its text; several messages are separated by an empty line.
    const ids = this.tokenizer.encode(messages.map(({ content }) => content).join('\n\n'));
    return this.tokenizer.addsBos ? [this.tokenizer.bosId!, ...ids] : ids;
  }
}

import { z } from 'zod';
import { describeValue } from '../errors.js';
import type { Tokenizer } from '../models/tokenizer.js';
import { ServerError } from './server-error.js';

/** What a server says of one token that it was sent. */
export interface TokenReport {
  /** log p(token | earlier tokens), nats; null where it says nothing, as of the first token. */
  logprob: number | null;
  /** Log-probabilities of the most probable tokens at this place; empty where the server gives none. */
  top: readonly number[];
}

/**
 * How log-probabilities of given text are asked for: `prompt_logprobs` (vLLM) has them by token id, `echo` (OpenAI's older
 * interface, also vLLM and SGLang) by token text.
 */
export const PROMPT_FORMS = ['prompt_logprobs', 'echo'] as const;
export type PromptForm = (typeof PROMPT_FORMS)[number];

const number = z.number().nullable();

/** The part of an answer of /completions that says something of the prompt. */
export const promptAnswer = z.looseObject({
  model: z.string().nullish(),
  choices: z
    .array(
      z.looseObject({
        prompt_logprobs: z.array(z.record(z.string(), z.looseObject({ logprob: number })).nullable()).nullish(),
        logprobs: z
          .looseObject({
            tokens: z.array(z.string()).nullish(),
            token_logprobs: z.array(number).nullish(),
            top_logprobs: z.array(z.record(z.string(), number).nullable()).nullish(),
          })
          .nullish(),
      }),
    )
    .min(1),
});
type Choice = z.infer<typeof promptAnswer>['choices'][number];

interface Sent {
  ids: readonly number[];
  tokenizer: Tokenizer;
  /** URL of the request, for messages. */
  place: string;
}

/**
 * What an answer says of each token that was sent.
 *
 * @throws ServerError ECHO_IGNORED, FIRST_TOKEN_MISSING, TOKENS_SHIFTED, LOGPROBS_TRUNCATED
 */
export function readAnswer(form: PromptForm, choice: Choice, sent: Sent): TokenReport[] {
  return form === 'echo' ? readEcho(choice, sent) : readPromptLogprobs(choice, sent);
}

/** One entry per token: null, or log-probabilities by token id, with that of the token itself whatever its rank. */
function readPromptLogprobs({ prompt_logprobs: entries }: Choice, { ids, place }: Sent): TokenReport[] {
  if (!entries || entries.length === 0) {
    throw new ServerError('ECHO_IGNORED', place, 'asked for prompt_logprobs, but the answer has none');
  }
  const matches = shareOf(ids, (k, i) => (entries[i] ? entries[i][ids[k]!] !== undefined : null));
  requireTokens({ matches, reported: entries.length, sent: ids.length, spare: 0, place });
  return ids.map((id, k) => {
    const entry = entries[k] ?? null;
    if (entry !== null && entry[id] === undefined) {
      const problem = `no log-probability of token ${k} of ${ids.length} (id ${id}), only of ${Object.keys(entry).length} likelier ones`;
      throw new ServerError('LOGPROBS_TRUNCATED', place, problem);
    }
    return {
      logprob: entry?.[id]?.logprob ?? null,
      top: numbers(Object.values(entry ?? {}), ({ logprob }) => logprob),
    };
  });
}

/** Lists of the prompt's tokens, as text, and of the one that was generated after them. */
function readEcho({ logprobs }: Choice, { ids, tokenizer, place }: Sent): TokenReport[] {
  const { tokens, token_logprobs: values, top_logprobs: tops } = logprobs ?? {};
  if (!tokens || !values || tokens.length <= 1 || values.length !== tokens.length) {
    throw new ServerError(
      'ECHO_IGNORED',
      place,
      `sent ${ids.length} tokens with echo, got log-probabilities of ${tokens?.length ?? 0}`,
    );
  }
  const texts = ids.map((id) => plain(tokenizer.decode([id])));
  const same = (text: string, k: number) => {
    if (text.startsWith('token_id:')) return Number(text.slice('token_id:'.length)) === ids[k];
    const got = plain(text);
    // Parts of a character have no text of their own, and some servers write special tokens as nothing.
    const silent =
      /\uFFFD/.test(texts[k]! + got) || text.startsWith('bytes:') || (got === '' && tokenizer.isAdded(ids[k]!));
    return silent || got === texts[k];
  };
  const matches = shareOf(ids, (k, i) => (tokens[i] === undefined ? null : same(tokens[i], k)));
  requireTokens({ matches, reported: tokens.length, sent: ids.length, spare: 1, place });
  const wrong = texts.findIndex((_, k) => !same(tokens[k]!, k));
  if (wrong >= 0) {
    const problem = `token ${wrong} of ${ids.length} is ${describeValue(texts[wrong])} here, but ${describeValue(tokens[wrong])} there`;
    throw new ServerError('TOKENS_SHIFTED', place, problem);
  }
  return ids.map((_, k) => ({ logprob: values[k]!, top: numbers(Object.values(tops?.[k] ?? {}), (value) => value) }));
}

/**
 * By how many places an answer is off: for an offset, the share of the tokens that stand so many places later in it.
 *
 * @param same whether token k of the prompt is token i of the answer; null where that cannot be said
 */
function shareOf(ids: readonly number[], same: (k: number, i: number) => boolean | null) {
  return (offset: number) => {
    const told = [...ids.keys()].flatMap((k) => same(k, k + offset) ?? []);
    return told.filter(Boolean).length / Math.max(1, told.length);
  };
}

/** Checks that the tokens of an answer stand where those that were sent do. */
function requireTokens(answer: {
  matches: (offset: number) => number;
  reported: number;
  sent: number;
  /** Tokens of the answer that may come after those of the prompt. */
  spare: number;
  place: string;
}): void {
  const { matches, reported, sent, spare, place } = answer;
  const isOff = (offset: number) => matches(0) < 0.5 && matches(offset) > 0.9;
  if (isOff(-1)) {
    throw new ServerError('FIRST_TOKEN_MISSING', place, `the answer begins with the second of ${sent} tokens`);
  }
  if (reported >= sent && reported <= sent + spare && !isOff(1)) return;
  throw new ServerError('TOKENS_SHIFTED', place, `${sent} tokens are sent, and ${reported} others are answered of`);
}

function numbers<T>(items: readonly T[], of: (item: T) => number | null): number[] {
  return items.flatMap((item) => of(item) ?? []);
}

/** A token's text without the marks that tokenizers put in place of white space. */
function plain(text: string): string {
  return text
    .replace(/^[Ġ▁]+/, '')
    .replaceAll('Ċ', '')
    .trim();
}

import type { Slate } from '../../data/slate.js';
import type { CausalModel } from '../../models/causal-model.js';
import type { EncodingOptions } from '../../models/encode-slate.js';
import type { TokenSlate } from '../../models/packing.js';
import type { Tokenizer } from '../../models/tokenizer.js';
import { LocalPolicy } from '../../policy/local-policy.js';
import type { CapabilityItems, MultipleChoice } from './items.js';

/** How items become tokens. */
export interface CapabilityOptions extends Pick<EncodingOptions, 'template' | 'system' | 'date'> {
  signal?: AbortSignal | undefined;
  /** Items done. */
  onProgress?: ((done: number) => void) | undefined;
}

/** What one model makes of the items. */
export interface CapabilityScores {
  policy: string;
  /** Hash of the tokenizer: perplexities per token compare under one tokenizer only. */
  tokenizer: string;
  /** [questions]; null where question and choices exceed the model's context. */
  questions: (QuestionScore | null)[];
  /** [texts]; null where prompt and text exceed the context. */
  texts: (TextScore | null)[];
}

/** 1 where the right choice is the likeliest, its share where several are equally likely, else 0. */
export interface QuestionScore {
  /** By the sum of log-probabilities. */
  correct: number;
  /** By the log-probability per UTF-8 byte, which does not favour short choices. */
  correctPerByte: number;
}

/** How likely a model finds a text. */
export interface TextScore {
  /** Sum of log-probabilities, nats. */
  logprob: number;
  tokens: number;
}

/** Tokens that a model sees at once of a held-out text, where its context is not shorter. */
const WINDOW = 1024;
/** Texts that are scored together. */
const TEXTS_AT_ONCE = 16;

/**
 * Scores questions and held-out texts with a model. A choice is scored as a response to its question, a text as one to its prompt where it
 * has one: as the texts stand and without an end token. A text without a prompt is scored in windows without overlap; the first begins after
 * BOS (or EOS, for models without), the others after the token before them.
 *
 * Source: docs/theory.md section 8; the rules are those of lm-evaluation-harness (acc, acc_norm, loglikelihood_rolling).
 * @throws DataError NO_TOKENIZER, CHAT_TEMPLATE, EMPTY_PROMPT, EMPTY_RESPONSE
 */
export async function capabilityScores(
  model: CausalModel,
  { questions, texts }: CapabilityItems,
  { signal, onProgress, ...encoding }: CapabilityOptions = {},
): Promise<CapabilityScores> {
  const policy = new LocalPolicy(model, { ...encoding, end: 'none', onOverflow: 'skip' });
  let done = 0;
  const count = (items: number) => {
    done += items;
    onProgress?.(done);
  };
  const ofItem = async function* (slates: Slate[]) {
    for await (const { query, responses } of policy.score(slates, signal ? { signal } : {})) {
      yield [Number(query), responses] as const;
      count(1);
    }
  };
  const scores: CapabilityScores = {
    policy: policy.identity.policy,
    tokenizer: policy.identity.tokenizer!,
    questions: questions.map(() => null),
    texts: texts.map(() => null),
  };
  const asked = questions.map(({ question, choices }, i) => asSlate(i, question, choices));
  for await (const [item, responses] of ofItem(asked))
    scores.questions[item] = scoreQuestion(questions[item]!, responses);
  const prompted = texts.flatMap(({ prompt, text }, i) => (prompt === undefined ? [] : [asSlate(i, prompt, [text])]));
  for await (const [item, [response]] of ofItem(prompted))
    scores.texts[item] = { logprob: response!.logprob, tokens: response!.tokens };
  const alone = texts.flatMap(({ prompt, text }, item) => (prompt === undefined ? [{ item, text }] : []));
  for (let start = 0; start < alone.length; start += TEXTS_AT_ONCE) {
    const batch = alone.slice(start, start + TEXTS_AT_ONCE);
    const scored = await scoreTexts(
      model,
      batch.map(({ text }) => text),
      signal,
    );
    for (const [i, { item }] of batch.entries()) scores.texts[item] = scored[i]!;
    count(batch.length);
  }
  return scores;
}

function asSlate(item: number, prompt: string, texts: readonly string[]): Slate {
  const responses = texts.map((text, k) => ({ id: `${k}`, text }));
  return { id: `${item}`, prompt, responses: responses as Slate['responses'] };
}

function scoreQuestion(
  { answer }: MultipleChoice,
  choices: readonly { logprob: number; bytes: number }[],
): QuestionScore {
  const share = (values: readonly number[]) => {
    const best = Math.max(...values);
    return values[answer] === best ? 1 / values.filter((value) => value === best).length : 0;
  };
  return {
    correct: share(choices.map(({ logprob }) => logprob)),
    correctPerByte: share(choices.map(({ logprob, bytes }) => logprob / bytes)),
  };
}

async function scoreTexts(
  model: CausalModel,
  texts: readonly string[],
  signal: AbortSignal | undefined,
): Promise<TextScore[]> {
  const windows = texts.map((text) => windowsOf(text, model.tokenizer!, Math.min(WINDOW, model.context)));
  const scored = await model.scoreTokens(windows.flat(), signal ? { signal } : {});
  return windows.map((own) => {
    const sums = scored.splice(0, own.length).map(([window]) => window!.sum);
    const tokens = own.reduce((count, { responses }) => count + responses[0]!.length, 0);
    return { logprob: sums.reduce((total, sum) => total + sum, 0), tokens };
  });
}

/** Every token but the first of a model without BOS and EOS is in one window. */
function windowsOf(text: string, tokenizer: Tokenizer, size: number): TokenSlate[] {
  const first = tokenizer.bosId ?? tokenizer.eosId;
  const ids = [...(first === null ? [] : [first]), ...tokenizer.encode(text)];
  const windows: TokenSlate[] = [];
  for (let at = 1; at < ids.length; at += size - 1) {
    windows.push({ prompt: [ids[at - 1]!], responses: [ids.slice(at, at + size - 1)] });
  }
  return windows;
}

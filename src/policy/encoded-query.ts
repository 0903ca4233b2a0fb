import { createHash } from 'node:crypto';
import type { Slate } from '../data/slate.js';
import type { Split } from '../data/split.js';
import type { SlateEncoder } from '../models/encode-slate.js';
import type { KeyedSlate } from './batch-policy.js';
import { batched, unlessTooLong } from './batched.js';

/** A slate as token ids. */
export interface EncodedQuery extends KeyedSlate {
  readonly prompt: readonly number[];
  readonly responses: readonly {
    readonly id: string;
    readonly key: string;
    readonly ids: number[];
    readonly bytes: number;
  }[];
  /** Tokens cut from the prompt. */
  readonly truncated: number;
  /** See `SlateScores.split`. */
  readonly split: Split | undefined;
}

/** A query ready to be generated from. */
export interface PromptedQuery {
  readonly query: string;
  readonly prompt: readonly number[];
  /** Changes when the model, the settings or the prompt do: tells whether earlier generations still hold. */
  readonly key: string;
  /** Tokens cut from the prompt. */
  readonly truncated: number;
}

export interface QueryEncoderOptions {
  encoder: SlateEncoder;
  /** Of the policy; part of every key. */
  id: string;
  /** Leave out what exceeds the context. */
  skipsOverflow: boolean;
  /** Rows per batch. */
  batchTokens: number;
}

/** Batches of whole slates as token ids, in order. */
export function encodedBatches(
  slates: AsyncIterable<Slate> | Iterable<Slate>,
  { encoder, id, skipsOverflow, batchTokens }: QueryEncoderOptions,
  splitOf?: (slate: Slate) => Split,
): AsyncGenerator<readonly EncodedQuery[]> {
  async function* encoded(): AsyncGenerator<EncodedQuery> {
    for await (const slate of slates) {
      const ids = unlessTooLong(skipsOverflow, () => encoder.encode(slate));
      if (ids === null) continue;
      yield {
        query: slate.id,
        prompt: ids.promptIds,
        responses: ids.responses.map(({ ids: own, bytes }, k) => ({
          id: slate.responses[k]!.id,
          key: sha256(JSON.stringify([id, ids.promptIds, own])),
          ids: own,
          bytes,
        })),
        truncated: ids.truncated,
        split: splitOf?.(slate),
      };
    }
  }
  const rowsOf = ({ prompt, responses }: EncodedQuery) =>
    responses.reduce((sum, { ids }) => sum + ids.length - 1, prompt.length);
  return batched(encoded(), rowsOf, batchTokens);
}

/** Batches of prompts with room for `n` samples of `maxTokens`, in order. */
export function promptedBatches(
  slates: AsyncIterable<Slate> | Iterable<Slate>,
  { encoder, id, skipsOverflow, batchTokens }: QueryEncoderOptions,
  { n, maxTokens }: { n: number; maxTokens: number },
): AsyncGenerator<readonly PromptedQuery[]> {
  async function* prompted(): AsyncGenerator<PromptedQuery> {
    for await (const slate of slates) {
      const encoded = unlessTooLong(skipsOverflow, () => encoder.encodePrompt(slate, maxTokens));
      if (encoded === null) continue;
      const { promptIds, truncated } = encoded;
      yield { query: slate.id, prompt: promptIds, key: sha256(JSON.stringify([id, promptIds])), truncated };
    }
  }
  return batched(prompted(), ({ prompt }) => prompt.length + n * (maxTokens - 1), batchTokens);
}

export function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

import type { Slate } from '../data/slate.js';
import type { Policy, ScoreOptions, SlateScores } from './policy.js';

/** A slate made ready for scoring; the key of each response tells whether an earlier score still holds. */
export interface KeyedSlate {
  readonly query: string;
  readonly responses: readonly { readonly id: string; readonly key: string }[];
}

/**
 * A policy that plans its work: `batches` cuts a log into batches, a pure function of the slates and the policy's
 * options, and `scoreBatch` scores one. Work that stops and resumes at batch boundaries has the bits of work that did not.
 */
export interface BatchPolicy<S extends KeyedSlate = KeyedSlate> extends Policy {
  batches(slates: AsyncIterable<Slate> | Iterable<Slate>): AsyncIterable<readonly S[]>;
  scoreBatch(batch: readonly S[], options?: Pick<ScoreOptions, 'signal'>): Promise<SlateScores[]>;
}

/** One of several equal parts of a log, counted from 1. */
export interface Shard {
  index: number;
  count: number;
}

/** The slates of one shard: a test for each slate of the log, to be asked in log order, and how many pass it. */
export interface ShardSelection {
  includes(slate: Slate): boolean;
  queries: number;
}

/**
 * A shard is a run of whole batches of the plan of all slates, so that the shards together have the bits, and one after
 * the other the order, of one run.
 */
export async function selectShard(
  policy: BatchPolicy,
  slates: AsyncIterable<Slate> | Iterable<Slate>,
  { index, count }: Shard,
): Promise<ShardSelection> {
  const sizes: number[] = [];
  const batchThatBegins = new Map<string, number>();
  for await (const batch of policy.batches(slates)) batchThatBegins.set(batch[0]!.query, sizes.push(batch.length) - 1);
  const start = Math.floor(((index - 1) * sizes.length) / count);
  const end = Math.floor((index * sizes.length) / count);
  let current = 0;
  return {
    includes(slate) {
      current = batchThatBegins.get(slate.id) ?? current;
      return current >= start && current < end;
    },
    queries: sizes.slice(start, end).reduce((sum, size) => sum + size, 0),
  };
}

/** `score` of a policy that works in batches: one after the other, with progress after every slate. */
export async function* scoreInBatches<S extends KeyedSlate>(
  policy: BatchPolicy<S>,
  slates: AsyncIterable<Slate> | Iterable<Slate>,
  options: ScoreOptions,
): AsyncGenerator<SlateScores> {
  const done = { queries: 0, responses: 0, tokens: 0 };
  for await (const batch of policy.batches(slates)) {
    for (const scores of await policy.scoreBatch(batch, options)) {
      done.queries++;
      done.responses += scores.responses.length;
      done.tokens += scores.responses.reduce((sum, { tokens }) => sum + tokens, 0);
      options.onProgress?.(done);
      yield scores;
    }
  }
}

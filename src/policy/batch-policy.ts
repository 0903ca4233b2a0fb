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

/**
 * The range [start, end) of slates, by position, that a shard scores: whole batches of the plan of all slates, so that
 * the shards together have the bits of one run.
 */
export async function shardRange(
  policy: BatchPolicy,
  slates: AsyncIterable<Slate> | Iterable<Slate>,
  { index, count }: Shard,
): Promise<{ start: number; end: number }> {
  const ends = [0];
  for await (const batch of policy.batches(slates)) ends.push(ends.at(-1)! + batch.length);
  const batches = ends.length - 1;
  const boundary = (part: number): number => ends[Math.floor((part * batches) / count)]!;
  return { start: boundary(index - 1), end: boundary(index) };
}

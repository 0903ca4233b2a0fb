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

import type { Slate } from '../data/slate.js';
import type { GenerateProgress } from '../models/generate-options.js';
import type { PromptedQuery } from './encoded-query.js';
import type { GenerationLine } from './generation-line.js';
import type { PolicyIdentity } from './policy.js';

/** A policy that answers the queries of a log. */
export interface Generator {
  /** Hash of the policy and of the settings of sampling. */
  readonly id: string;
  readonly identity: PolicyIdentity;
  /** Samples per query. */
  readonly n: number;
  /** A pure function of the queries and the options, so that work that was interrupted and goes on runs the same batches. */
  batches(slates: AsyncIterable<Slate> | Iterable<Slate>): AsyncIterable<readonly PromptedQuery[]>;
  /** @returns lines[i][k] of sample k of query i */
  generateBatch(
    batch: readonly PromptedQuery[],
    options?: { signal?: AbortSignal; onProgress?: (progress: GenerateProgress) => void },
  ): Promise<GenerationLine[][]>;
}

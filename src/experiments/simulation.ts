import type { Slate } from '../data/slate.js';
import type { Form } from '../estimators/result.js';
import type { Policy } from '../policy/policy.js';
import type { Truth } from './worlds/tabular-truth.js';

export interface Simulation<T extends WorldTruth = WorldTruth> {
  slates: Slate[];
  /** The policy that is to be evaluated; scores the log. */
  target: Policy;
  truth: T;
}

/** What is true of the target at lambda 1, 1, reduction 'sum' and reward 'identity'. */
export interface WorldTruth {
  world: string;
  seed: number;
  queries: number;
  slateSize: number;
  /** V, Z = 1; with the standard error of V where that is sampled. */
  truth: ({ form: Form; standardError?: number } & Truth)[];
}

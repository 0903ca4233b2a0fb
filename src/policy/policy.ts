import type { Slate } from '../data/slate.js';
import type { Split } from '../data/split.js';

/** How likely a policy is to write one logged response. Line of a score file (docs/formats.md). */
export interface ResponseScore {
  /** Id of the response in its slate. */
  response: string;
  /** Sum over the response's tokens, end token included, of log pi(token | prompt, earlier tokens); nats. */
  logprob: number;
  /** Number of tokens in that sum. */
  tokens: number;
  /** UTF-8 bytes of the response's text. */
  bytes: number;
  /** Mean full-vocabulary entropy of the token distributions, nats; null where the policy cannot say. */
  entropy: number | null;
  /** Hash of policy identity, prompt ids and response ids; null for policies without tokens. */
  key: string | null;
  /** Tokens cut from the left of the prompt to fit the model's context (`--on-overflow truncate`). */
  truncated?: number;
}

/** Scores of one slate, in the order of the slate's responses. */
export interface SlateScores {
  query: string;
  responses: ResponseScore[];
  /** Of a policy that POPE trained: the split of its run that the query was in; 'test' where it was in neither of the others. */
  split?: Split;
}

/** What makes two scores comparable: everything here is part of a policy's hash. */
export interface PolicyIdentity {
  policy: string;
  model: string | null;
  tokenizer: string | null;
  temperature: number;
  dtype: string;
}

/** Of scoring a log. */
export interface ScoreOptions {
  signal?: AbortSignal;
  /** Called after every batch with what is scored so far. */
  onProgress?: (progress: { queries: number; responses: number; tokens: number }) => void;
}

/** Something that can say how likely each logged response is: a local model, a score file, later a remote endpoint. */
export interface Policy {
  /** Hash of all that makes the policy (template, system prompt and end rule too), or its name where no hash is known. */
  readonly id: string;
  readonly identity: PolicyIdentity;
  /** Of a policy that POPE trained: the split of its run that a query was in (`SlateScores.split`). */
  readonly splitOf?: ((slate: Slate) => Split | Promise<Split>) | undefined;
  /** Log-probabilities of the responses of slates, in the order of the slates: sums over tokens, in nats. */
  score(slates: AsyncIterable<Slate> | Iterable<Slate>, options?: ScoreOptions): AsyncIterable<SlateScores>;
}

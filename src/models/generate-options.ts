import { describeValue, UsageError } from '../errors.js';

/** How tokens are drawn and when to stop. */
export interface GenerateOptions {
  /** Most new tokens; a sequence also ends where the model's context does. */
  maxTokens: number;
  /** Logits are divided by it; 0: always the most probable token. Default 1: the model's own distribution. */
  temperature?: number;
  /** Draw from the k most probable tokens only; default 0: from all. */
  topK?: number;
  /** Draw from the smallest set of most probable tokens that has at least this mass; default 1: from all. After `topK`. */
  topP?: number;
  /** Seed of all draws, a whole number; default 0. */
  seed?: number;
  /** Tokens that end a sequence; default: EOS of the tokenizer and those of generation_config.json, if there are any. */
  stop?: readonly number[];
  /** Stops between tokens; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
}

export interface GenerateBatchOptions extends GenerateOptions {
  /** Samples per prompt; default 1. */
  n?: number;
  /** Rows of the cache of keys and values, which bounds memory; default 8192. One sample may always run. */
  batchTokens?: number;
  /** Called after each token. */
  onProgress?: (progress: GenerateProgress) => void;
}

/** How far generation is. */
export interface GenerateProgress {
  /** Samples that are finished. */
  samples: number;
  /** New tokens so far. */
  tokens: number;
}

/**
 * Rows of the cache: 50 samples of 128 tokens and their prompt; 512 MiB for a model of 1 B parameters with grouped queries,
 * 256 MiB where it multiplies in bf16.
 */
export const CACHE_ROWS = 8192;

/** @throws UsageError `SAMPLING` naming the option */
export function generateOptions({
  maxTokens,
  temperature = 1,
  topK = 0,
  topP = 1,
  seed = 0,
  n = 1,
  batchTokens = CACHE_ROWS,
}: GenerateBatchOptions) {
  const check = (valid: boolean, name: string, expected: string, got: unknown) => {
    if (!valid) throw new UsageError('SAMPLING', `${name}: expected ${expected}, got ${describeValue(got)}`);
  };
  const whole = (value: number, least: number) => Number.isSafeInteger(value) && value >= least;
  check(whole(maxTokens, 1), 'maxTokens', 'a whole number above 0', maxTokens);
  const finite = temperature >= 0 && temperature < Number.POSITIVE_INFINITY;
  check(finite, 'temperature', 'a finite number of at least 0', temperature);
  check(whole(topK, 0), 'topK', 'a whole number of at least 0', topK);
  check(topP > 0 && topP <= 1, 'topP', 'a number above 0 and at most 1', topP);
  check(whole(seed, 0), 'seed', 'a whole number of at least 0', seed);
  check(whole(n, 1), 'n', 'a whole number above 0', n);
  check(whole(batchTokens, 1), 'batchTokens', 'a whole number above 0', batchTokens);
  return { maxTokens, temperature, topK, topP, seed, n, batchTokens };
}

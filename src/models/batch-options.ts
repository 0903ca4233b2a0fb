import { describeValue, UsageError } from '../errors.js';

/** How slates are run through a model. */
export interface BatchOptions {
  /** Logits are divided by it; default 1. */
  temperature?: number;
  /** Rows per batch (packing.ts); default 2048. */
  batchTokens?: number;
  /** Whether the responses of a slate share one pass over its prompt; default true. The results are the same. */
  packed?: boolean;
  /** Stops between batches; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Rows per batch: enough for full speed of the matrix products, little enough to stay small in memory. */
const BATCH_TOKENS = 2048;

/** @throws UsageError `TEMPERATURE` or `BATCH_TOKENS` */
export function batchOptions({ temperature = 1, batchTokens = BATCH_TOKENS, packed = true, signal }: BatchOptions) {
  if (!(temperature > 0 && temperature < Number.POSITIVE_INFINITY)) {
    throw new UsageError('TEMPERATURE', `temperature: expected a positive number, got ${describeValue(temperature)}`);
  }
  if (!Number.isSafeInteger(batchTokens) || batchTokens < 1) {
    const got = describeValue(batchTokens);
    throw new UsageError('BATCH_TOKENS', `batchTokens: expected a whole number above 0, got ${got}`);
  }
  return { temperature, batchTokens, packed, signal };
}

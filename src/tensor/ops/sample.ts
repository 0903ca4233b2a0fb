import type { Tensor } from '../tensor.js';
import { expectDType, expectShape, matrixShape } from './check.js';

export interface SampleOptions {
  /** Logits are divided by it; 0 takes the most probable token, the lowest id among equals. */
  temperature: number;
  /** Draws from the k most probable tokens only; 0: from all. */
  topK: number;
  /** Draws from the smallest set of most probable tokens with at least this mass; 1: from all. After `topK`. */
  topP: number;
  /** Whole number from 0 to 2^53 - 1. */
  seed: number;
}

export interface Sampled {
  /** i32 [rows] */
  ids: Tensor<'i32'>;
  /** f32 [rows]: log-probability of the token in the whole distribution at the temperature, or at 1 when that is 0; nats. */
  logProbs: Tensor<'f32'>;
}

/**
 * Draws one token per row of logits, f32 [rows, vocabulary]. counters i32 [rows, 3] of (query, sample, token) name the random
 * number: a token depends on its own row, counter and the seed alone, not on other rows.
 * Throws `UsageError`, or `NativeError` INVALID_ARGUMENT for options out of range; a row of logits with NaN or +infinity, or of
 * -infinity alone, fails with NON_FINITE at the read, naming the row.
 */
export function sample(
  logits: Tensor<'f32'>,
  counters: Tensor<'i32'>,
  { temperature, topK, topP, seed }: SampleOptions,
): Sampled {
  const [rows, vocabulary] = matrixShape('sample', 'logits', logits);
  expectDType('sample', 'counters', counters, 'i32');
  expectShape('sample', 'counters', counters, [rows, 3], 'three numbers per row of logits');
  const { device } = logits;
  const ids = device.result('sample', [rows], 'i32');
  const logProbs = device.result('sample', [rows]);
  device.run('sample', [logits, counters], [ids, logProbs], [rows, vocabulary, topK, seed], [temperature, topP]);
  return { ids, logProbs };
}

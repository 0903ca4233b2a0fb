import { randomNumbers } from './check-op.js';

/** pope_dtype of bf16, as ops take it. */
export const BF16 = 2;

/** `randomNumbers` cut to bf16, as bit patterns: the upper halves of floats. */
export function bf16Numbers(count: number, seed: number, scale = 1): Uint16Array {
  const floats = Float32Array.from(randomNumbers(count, seed, scale));
  return Uint16Array.from(new Uint32Array(floats.buffer), (word) => word >>> 16);
}

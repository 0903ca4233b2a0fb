import { Random } from '../../estimators/random.js';

/**
 * Draws one response of a slate in proportion to its weights; with the sum of the weights as its own it gives the slate's
 * likelihood gradient in expectation, for the tokens of one response. The draw is a function of its arguments alone, so
 * that a resumed run draws the same.
 *
 * @param weights at least 0, not all 0
 * @param step counted from 0, below 2^32
 * @param slate position of the slate in the training log, below 2^32 - 1
 */
export function drawResponse(
  weights: Float64Array,
  { seed, step, slate }: { seed: number; step: number; slate: number },
): { index: number; weight: number } {
  const weight = weights.reduce((sum, each) => sum + each, 0);
  const probabilities = weights.map((each) => each / weight);
  return { index: new Random(seed, step, slate).categorical(probabilities), weight };
}

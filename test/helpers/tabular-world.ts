/**
 * A tabular policy world for one query: `responses` answers with probabilities under the target and the logging policy
 * and a reward. Slates are K independent draws from the logging policy, so every moment of an estimator is a finite sum
 * over responses^K ordered slates.
 */
import type { SlateLog } from '../../src/native/objective.js';
import { randomNumbers } from './check-op.js';

export interface TabularWorld {
  target: number[];
  logging: number[];
  reward: number[];
}

export function randomWorld(responses: number, seed: number): TabularWorld {
  const distribution = (stream: number) => {
    const weights = randomNumbers(responses, 10 * seed + stream, 1.5).map(Math.exp);
    const total = weights.reduce((a, b) => a + b);
    return weights.map((weight) => weight / total);
  };
  return {
    target: distribution(1),
    logging: distribution(2),
    reward: randomNumbers(responses, 10 * seed + 3, 0.5).map((r) => 0.5 + r),
  };
}

/** All ordered slates of `size` responses as one log, and the probability that the logging policy writes each. */
export function enumerateSlates(world: TabularWorld, size: number): { log: SlateLog; probabilities: number[] } {
  const responses = world.target.length;
  const count = responses ** size;
  const slates = Array.from({ length: count }, (_, code) =>
    Array.from({ length: size }, (_, k) => Math.floor(code / responses ** k) % responses),
  );
  const flat = (values: number[]) => Float64Array.from(slates.flat(), (response) => values[response]!);
  return {
    log: {
      logProb: flat(world.target.map(Math.log)),
      loggingLogProb: flat(world.logging.map(Math.log)),
      reward: flat(world.reward),
      slateOffsets: Int32Array.from({ length: count + 1 }, (_, i) => i * size),
    },
    probabilities: slates.map((slate) => slate.reduce((p, response) => p * world.logging[response]!, 1)),
  };
}

export function expectation(probabilities: readonly number[], values: ArrayLike<number>): number {
  return probabilities.reduce((sum, p, i) => sum + p * values[i]!, 0);
}

export function variance(probabilities: readonly number[], values: ArrayLike<number>): number {
  const mean = expectation(probabilities, values);
  return probabilities.reduce((sum, p, i) => sum + p * (values[i]! - mean) ** 2, 0);
}

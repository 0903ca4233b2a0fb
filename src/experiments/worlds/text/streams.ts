/** @file Streams of the random generator: what is drawn for one purpose never depends on another. */
import { describeValue, UsageError } from '../../../errors.js';

/** Of the world itself. */
export const STREAMS = { people: 0, logger: 1, brigade: 2, order: 3 };

/** Of what is sampled from it, under a seed of its own besides the world's. */
const SAMPLED = { log: 4, labels: 5, corpus: 6, base: 7, logging: 8, target: 9, human: 10, mode: 11 };
const STRIDE = 16;
/** Streams are numbered with 32 bits. */
const SEEDS = 2 ** 32 / STRIDE;

/** @throws UsageError OPTION for a seed that is no integer from 0 to 2^28 - 1 */
export function sampleStream(what: keyof typeof SAMPLED, seed: number): number {
  if (!Number.isInteger(seed) || seed < 0 || seed >= SEEDS) {
    throw new UsageError('OPTION', `seed: expected an integer from 0 to ${SEEDS - 1}, got ${describeValue(seed)}`);
  }
  return SAMPLED[what] + STRIDE * seed;
}

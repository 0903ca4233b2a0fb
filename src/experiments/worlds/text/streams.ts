/** @file Streams of the random generator: what is drawn for one purpose never depends on another. */
import type { TextRole } from './roles.js';

/** Of the world itself. */
export const STREAMS = { people: 0, logger: 1, brigade: 2 };

/** Of what is sampled from it, under a seed of its own besides the world's. */
const SAMPLED = { log: 3, labels: 4, corpus: 5, base: 6, logging: 7, target: 8, human: 9, mode: 10 };
const STRIDE = 16;

/** @param seed integer from 0 to 2^28 - 1 */
export function sampleStream(what: TextRole | 'log' | 'labels' | 'corpus', seed: number): number {
  return SAMPLED[what] + STRIDE * seed;
}

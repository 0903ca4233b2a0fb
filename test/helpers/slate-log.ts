import type { SlateLog } from '../../src/native/objective.js';
import { randomNumbers } from './check-op.js';

export interface RandomLogOptions {
  sizes: readonly number[];
  seed: number;
  entropy?: boolean;
  queryWeight?: boolean;
}

/** Slates of the given sizes: l and l0 from -2.2 to -0.2, rewards from 0.1 to 0.9, entropies from 0.5 to 1.5. */
export function randomLog({ sizes, seed, entropy = false, queryWeight = false }: RandomLogOptions): SlateLog {
  const slateOffsets = Int32Array.from([0, ...sizes]);
  for (let i = 1; i < slateOffsets.length; i++) slateOffsets[i]! += slateOffsets[i - 1]!;
  const responses = slateOffsets.at(-1)!;
  const draw = (count: number, stream: number, middle: number, spread: number) =>
    Float64Array.from(randomNumbers(count, 100 * seed + stream, spread), (value) => middle + value);
  const log: SlateLog = {
    logProb: draw(responses, 1, -1.2, 1),
    loggingLogProb: draw(responses, 2, -1.2, 1),
    reward: draw(responses, 3, 0.5, 0.4),
    slateOffsets,
  };
  if (entropy) log.entropy = draw(responses, 4, 1, 0.5);
  if (queryWeight) log.queryWeight = draw(sizes.length, 5, 1, 0.8);
  return log;
}

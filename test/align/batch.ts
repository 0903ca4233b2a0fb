import type { Batch } from '../../src/align/objectives/batch.js';
import { randomLog } from '../helpers/slate-log.js';

/** A batch of slates of the given sizes with responses of 2 to 9 tokens, everything drawn from the seed. */
export function randomBatch(sizes: readonly number[], seed: number): Batch {
  const log = randomLog({ sizes, seed, entropy: true, queryWeight: true });
  const reference = randomLog({ sizes, seed: seed + 1 });
  const tokens = log.logProb.map((_, k) => 2 + ((7 * k + seed) % 8));
  const loggingTokens = tokens.map((count, k) => count + (k % 2));
  return {
    queryIds: sizes.map((_, i) => `q${i}`),
    offsets: log.slateOffsets,
    queryWeight: log.queryWeight!,
    clusters: null,
    reward: log.reward,
    targetLogProb: log.logProb.map((l, k) => l * tokens[k]!),
    loggingLogProb: log.loggingLogProb.map((l, k) => l * loggingTokens[k]!),
    referenceLogProb: reference.logProb.map((l, k) => l * tokens[k]!),
    targetTokens: tokens,
    loggingTokens,
    bytes: tokens.map((count) => 3 * count),
    entropy: log.entropy!,
    likelihoodWeight: log.reward.map((r, k) => (k % 3 === 0 ? 0 : r)),
  };
}

/** @file How the weights of an estimate are spread, small enough to stand in a result: fixed bins, whatever the log. */
import { logSumExp, unitQueryWeights, type WeightSample } from './diagnostics.js';
import type { WeightHistogram } from './result.js';

/** Bins of log w, in nats: weights beyond exp(-10) and exp(10) go into the outermost bins. */
const LOWEST = -10;
const HIGHEST = 10;
const WIDTH = 0.5;
const BINS = (HIGHEST - LOWEST) / WIDTH;

/** Counts the weights by log w, before any transform, and adds up each bin's share of omega h(w), which makes the estimate. */
export function weightHistogram(
  sample: Omit<WeightSample, 'logClip'>,
): Pick<WeightHistogram, 'from' | 'width' | 'counts' | 'shares'> {
  const logOmega = unitQueryWeights(sample);
  const weighted = sample.transformed.map((value, s) => value + logOmega[s]!);
  const logTotal = logSumExp(weighted);
  const counts = new Array<number>(BINS).fill(0);
  const shares = new Array<number>(BINS).fill(0);
  for (const [s, logWeight] of sample.logWeights.entries()) {
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor((logWeight - LOWEST) / WIDTH)));
    counts[bin]!++;
    if (logTotal > -Infinity) shares[bin]! += Math.exp(weighted[s]! - logTotal);
  }
  const first = counts.findIndex((count) => count > 0);
  const end = counts.findLastIndex((count) => count > 0) + 1;
  return {
    from: LOWEST + first * WIDTH,
    width: WIDTH,
    counts: counts.slice(first, end),
    // A sum of shares may exceed 1 by a rounding error.
    shares: shares.slice(first, end).map((share) => Math.min(1, share)),
  };
}

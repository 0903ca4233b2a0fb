/** @file How the weights of an estimate are spread, small enough to stand in a result: fixed bins, whatever the log. */
import type { WeightSample } from './diagnostics.js';
import { LogSum } from './log-sum.js';
import type { WeightHistogram } from './result.js';

/** Bins of log w, in nats: weights beyond exp(-10) and exp(10) go into the outermost bins. */
const LOWEST = -10;
const HIGHEST = 10;
const WIDTH = 0.5;
const BINS = (HIGHEST - LOWEST) / WIDTH;

/** Counts weights by log w, before any transform, and adds up each bin's share of omega h(w), which makes the estimate. */
export class WeightBins {
  readonly #counts = new Array<number>(BINS).fill(0);
  readonly #sums = Array.from({ length: BINS }, () => new LogSum());

  add({ logWeights, transformed, offsets, queryWeight }: Omit<WeightSample, 'logClip'>): void {
    for (const [i, omega] of queryWeight.entries()) {
      const logOmega = Math.log(omega);
      for (let s = offsets[i]!; s < offsets[i + 1]!; s++) {
        const bin = Math.min(BINS - 1, Math.max(0, Math.floor((logWeights[s]! - LOWEST) / WIDTH)));
        this.#counts[bin]!++;
        this.#sums[bin]!.add(transformed[s]! + logOmega);
      }
    }
  }

  result(): Pick<WeightHistogram, 'from' | 'width' | 'counts' | 'shares'> {
    const total = new LogSum();
    for (const { value } of this.#sums) total.add(value);
    const logTotal = total.value;
    const first = this.#counts.findIndex((count) => count > 0);
    const end = this.#counts.findLastIndex((count) => count > 0) + 1;
    return {
      from: LOWEST + first * WIDTH,
      width: WIDTH,
      counts: this.#counts.slice(first, end),
      // A share may exceed 1 by a rounding error.
      shares: this.#sums
        .slice(first, end)
        .map(({ value }) => (value === -Infinity ? 0 : Math.min(1, Math.exp(value - logTotal)))),
    };
  }
}

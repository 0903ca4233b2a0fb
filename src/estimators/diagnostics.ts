/**
 * @file What the weights of an estimate say about it (docs/estimators.md). Everything is formed from log-weights, so that
 * no weight, however large, becomes Infinity; a figure that a double cannot hold is null.
 */
import { LogSum } from './log-sum.js';
import { ParetoTail } from './pareto.js';

/** A query whose weights are all below this has no support: the log holds next to nothing that the target would say. */
export const NO_SUPPORT_WEIGHT = 0.01;

/** The weights of one estimate: W over N slates, rho over M responses, or geometric means over N slates. */
export interface WeightSample {
  /** log w [S], before any transform. */
  logWeights: Float64Array;
  /** log h(w) [S]: the weights that the estimate uses. */
  transformed: Float64Array;
  /** Offsets [N + 1] of the queries' units in the two arrays above. */
  offsets: Int32Array;
  /** omega [N], one per query. */
  queryWeight: Float64Array;
  /** log tau where the transform is clip(tau). */
  logClip: number | null;
}

export interface WeightDiagnostics {
  /** (sum w)^2 / sum w^2, w = omega h(w). */
  effectiveSampleSize: number;
  /** The same over the number of weights. */
  effectiveSampleShare: number;
  maxWeight: number | null;
  /** Share of the largest omega h(w) in their sum; 0 when all weights are 0. */
  maxWeightShare: number;
  /** sum omega h(w) / sum omega; its expectation is 1 for untransformed weights of a true density. */
  meanWeight: number | null;
  /** Share of the weights above tau; 0 without clipping. */
  clippedShare: number;
  /** k-hat of the tail of h(w); null where there is none (see `paretoShape`). */
  paretoK: number | null;
  /** sum omega h(w)^2 / sum omega - 1: estimates the chi-square divergence of target and logging policy. */
  chiSquare: number | null;
  /** Queries all of whose weights are below 0.01, untransformed. */
  queriesWithoutSupport: number;
}

export function weightDiagnostics(sample: WeightSample): WeightDiagnostics {
  const diagnosis = new WeightDiagnosis(sample.transformed.length, sample.logClip);
  diagnosis.add(sample);
  return diagnosis.result();
}

/** `weightDiagnostics` of a log that comes in parts. */
export class WeightDiagnosis {
  readonly #size: number;
  readonly #logClip: number | null;
  readonly #total = new LogSum();
  readonly #squares = new LogSum();
  readonly #omega = new LogSum();
  readonly #secondMoment = new LogSum();
  readonly #tail: ParetoTail;
  #largest = -Infinity;
  #clipped = 0;
  #unsupported = 0;

  /** @param size units of all parts */
  constructor(size: number, logClip: number | null) {
    this.#size = size;
    this.#logClip = logClip;
    this.#tail = new ParetoTail(size);
  }

  add({ logWeights, transformed, offsets, queryWeight }: Omit<WeightSample, 'logClip'>): void {
    const logClip = this.#logClip ?? Infinity;
    for (const [i, omega] of queryWeight.entries()) {
      const logOmega = Math.log(omega);
      this.#omega.add(logOmega, offsets[i + 1]! - offsets[i]!);
      let largest = -Infinity;
      for (let s = offsets[i]!; s < offsets[i + 1]!; s++) {
        const own = transformed[s]!;
        this.#total.add(own + logOmega);
        this.#squares.add(2 * (own + logOmega));
        this.#secondMoment.add(2 * own + logOmega);
        this.#tail.add(own);
        if (own > this.#largest) this.#largest = own;
        if (logWeights[s]! > logClip) this.#clipped++;
        if (logWeights[s]! > largest) largest = logWeights[s]!;
      }
      if (largest < Math.log(NO_SUPPORT_WEIGHT)) this.#unsupported++;
    }
  }

  result(): WeightDiagnostics {
    const logTotal = this.#total.value;
    const logOmegaTotal = this.#omega.value;
    const effectiveSampleSize = logTotal === -Infinity ? 0 : Math.exp(2 * logTotal - this.#squares.value);
    const secondMoment = finiteExp(this.#secondMoment.value - logOmegaTotal);
    return {
      effectiveSampleSize,
      effectiveSampleShare: effectiveSampleSize / this.#size,
      maxWeight: finiteExp(this.#largest),
      maxWeightShare: logTotal === -Infinity ? 0 : Math.exp(this.#total.largest - logTotal),
      meanWeight: finiteExp(logTotal - logOmegaTotal),
      clippedShare: this.#clipped / this.#size,
      paretoK: this.#tail.shape(),
      chiSquare: secondMoment === null ? null : secondMoment - 1,
      queriesWithoutSupport: this.#unsupported,
    };
  }
}

function finiteExp(value: number): number | null {
  const result = Math.exp(value);
  return result === Infinity ? null : result;
}

/**
 * @file What the weights of an estimate say about it (docs/estimators.md). Everything is formed from log-weights, so that
 * no weight, however large, becomes Infinity; a figure that a double cannot hold is null.
 */
import { paretoShape } from './pareto.js';

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
  const { logWeights, transformed, logClip } = sample;
  const logOmega = unitQueryWeights(sample);
  const weighted = transformed.map((value, s) => value + logOmega[s]!);
  const size = transformed.length;
  const logTotal = logSumExp(weighted);
  const logSquares = logSumExp(weighted.map((value) => 2 * value));
  const logOmegaTotal = logSumExp(logOmega);
  const logSecondMoment = logSumExp(transformed.map((value, s) => 2 * value + logOmega[s]!)) - logOmegaTotal;
  const effectiveSampleSize = logTotal === -Infinity ? 0 : Math.exp(2 * logTotal - logSquares);
  const secondMoment = finiteExp(logSecondMoment);
  return {
    effectiveSampleSize,
    effectiveSampleShare: effectiveSampleSize / size,
    maxWeight: finiteExp(largest(transformed)),
    maxWeightShare: logTotal === -Infinity ? 0 : Math.exp(largest(weighted) - logTotal),
    meanWeight: finiteExp(logTotal - logOmegaTotal),
    clippedShare: logClip === null ? 0 : logWeights.filter((value) => value > logClip).length / size,
    paretoK: paretoShape(transformed),
    chiSquare: secondMoment === null ? null : secondMoment - 1,
    queriesWithoutSupport: countUnsupported(sample),
  };
}

/** log omega of the query of each unit. */
export function unitQueryWeights({
  offsets,
  queryWeight,
  transformed,
}: Pick<WeightSample, 'offsets' | 'queryWeight' | 'transformed'>): Float64Array {
  const result = new Float64Array(transformed.length);
  for (const [i, weight] of queryWeight.entries()) result.fill(Math.log(weight), offsets[i]!, offsets[i + 1]!);
  return result;
}

function countUnsupported({ logWeights, offsets }: WeightSample): number {
  let count = 0;
  for (let i = 0; i + 1 < offsets.length; i++) {
    if (largest(logWeights.subarray(offsets[i]!, offsets[i + 1]!)) < Math.log(NO_SUPPORT_WEIGHT)) count++;
  }
  return count;
}

/** log sum_s exp(values_s); -Infinity for none. */
export function logSumExp(values: Float64Array): number {
  const top = largest(values);
  if (top === -Infinity) return -Infinity;
  return top + Math.log(values.reduce((total, value) => total + Math.exp(value - top), 0));
}

function largest(values: Float64Array): number {
  return values.reduce((top, value) => Math.max(top, value), -Infinity);
}

function finiteExp(value: number): number | null {
  const result = Math.exp(value);
  return result === Infinity ? null : result;
}

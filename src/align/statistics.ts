import { normalised } from '../estimators/columns.js';
import { weightDiagnostics } from '../estimators/diagnostics.js';
import type { Batch, ObjectiveGradient } from './objectives/batch.js';
import type { PopeObjective } from './objectives/pope.js';

/** How far the model is from the logging policy on some slates. Weights are untransformed and normalised as the rule says. */
export interface WeightStatistics {
  /** Mean of the weights of the rule's estimator: W of the slate estimator, else rho; null without propensities or where one overflows. */
  meanWeight: number | null;
  /** Effective sample size of these weights over their number; null without propensities. */
  effectiveSampleShare: number | null;
  /** Mean of rho over the responses. */
  meanRho: number | null;
  /** Mean over the responses of the mean log-probability of their tokens, nats. */
  meanLogProb: number;
}

export function weightStatistics(batch: Batch, rule: PopeObjective): WeightStatistics {
  const meanLogProb = mean(batch.targetLogProb.map((sum, k) => sum / batch.targetTokens[k]!));
  if (batch.loggingLogProb.some(Number.isNaN)) {
    return { meanWeight: null, effectiveSampleShare: null, meanRho: null, meanLogProb };
  }
  const { logProb, loggingLogProb } = normalised(batch, rule.normalise);
  const ofResponses = logProb.map((l, k) => l - loggingLogProb[k]!);
  const { offsets, queryWeight } = batch;
  const rho = summary(ofResponses, offsets, queryWeight);
  const own = rule.estimator === 'slate' ? summary(perSlate(ofResponses, offsets), units(offsets), queryWeight) : rho;
  return {
    meanWeight: own.meanWeight,
    effectiveSampleShare: own.effectiveSampleShare,
    meanRho: rho.meanWeight,
    meanLogProb,
  };
}

/** Where the positive coefficients of a batch went. */
export interface Push {
  /** Their sum. */
  positive: number;
  /** The part of it on responses that people did not want: rewards below a quarter of their slate's mean. */
  junk: number;
  responses: number;
  junkResponses: number;
}

export function pushOf({ offsets, reward }: Batch, { coefficients }: ObjectiveGradient): Push {
  const push: Push = { positive: 0, junk: 0, responses: reward.length, junkResponses: 0 };
  for (let i = 0; i + 1 < offsets.length; i++) {
    const rewards = reward.subarray(offsets[i]!, offsets[i + 1]!);
    const threshold = mean(rewards) / 4;
    for (const [k, own] of rewards.entries()) {
      const positive = Math.max(0, coefficients[offsets[i]! + k]!);
      push.positive += positive;
      if (own >= threshold) continue;
      push.junk += positive;
      push.junkResponses++;
    }
  }
  return push;
}

function summary(logWeights: Float64Array, offsets: Int32Array, queryWeight: Float64Array) {
  return weightDiagnostics({ logWeights, transformed: logWeights, offsets, queryWeight, logClip: null });
}

function perSlate(values: Float64Array, offsets: Int32Array): Float64Array {
  return Float64Array.from({ length: offsets.length - 1 }, (_, i) =>
    values.subarray(offsets[i]!, offsets[i + 1]!).reduce((sum, value) => sum + value, 0),
  );
}

/** Offsets of slates that are one unit each. */
function units(offsets: Int32Array): Int32Array {
  return offsets.map((_, i) => i);
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

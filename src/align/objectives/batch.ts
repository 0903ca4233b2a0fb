import type { LogColumns } from '../../estimators/columns.js';

/**
 * What a training step knows of its slates: the numbers of an evaluation, flat over the M responses of N slates, and what
 * training adds. `targetLogProb` is the model's at this step. Log-probabilities are sums over tokens, nats; those of a
 * policy that the method does not ask for are NaN.
 */
export interface Batch extends LogColumns {
  /** Of the model that training began with [M]. */
  referenceLogProb: Float64Array;
  /** Mean token entropy under the model at this step [M], nats; null unless the objective asks for it. */
  entropy: Float64Array | null;
  /** What a likelihood method weighs each response with [M]; of other methods 0. */
  likelihoodWeight: Float64Array;
}

/** The value J of a batch, which training ascends (the loss is -J), and its derivatives. */
export interface ObjectiveGradient {
  value: number;
  /** [M] dJ/dL by the sum L of a response's token log-probabilities: the weight of each of its tokens' gradients. */
  coefficients: Float64Array;
  /** [M] dJ/dH by a response's mean token entropy; null where J has none. */
  entropyCoefficients: Float64Array | null;
  /** Slates that gave no gradient, because their responses tie or their bound is 0. */
  silentSlates: number;
}

export type Objective = (batch: Batch) => ObjectiveGradient;

/** Start and end of each slate, with its query weight over the sum of all. */
export function* slatesOf({ offsets, queryWeight }: Batch): Generator<{ first: number; last: number; share: number }> {
  const total = queryWeight.reduce((sum, weight) => sum + weight, 0);
  for (let i = 0; i + 1 < offsets.length; i++) {
    yield { first: offsets[i]!, last: offsets[i + 1]!, share: queryWeight[i]! / total };
  }
}

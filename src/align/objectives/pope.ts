import { normalised } from '../../estimators/columns.js';
import type { Normalisation } from '../../estimators/result.js';
import { type Objective as Rule, type SlateLog, slateCoefficients, slateValue } from '../../native/objective.js';
import type { Batch, ObjectiveGradient } from './batch.js';

export interface PopeObjective extends Rule {
  /** Z of docs/theory.md section 2. */
  normalise: Normalisation;
  /** The exact derivative, or the paper's score-function direction, which the bound does not have. */
  gradient: 'exact' | 'score';
  /** Lowers R wherever it multiplies the derivative of a weight: by a number, the mean of R in the batch, or half of it. */
  baseline: number | 'mean' | 'half-mean';
  /** The mean token entropy takes the place of the surprise -l in the reward. */
  tokenEntropy: boolean;
  /** kappa of the proximity penalty; 0 for none. */
  proximity: number;
}

export interface PopeGradient extends ObjectiveGradient {
  /** Parts of the estimated value, without the penalty. */
  utility: number;
  diversity: number;
}

/**
 * The estimate of one of the three estimators on the batch, less the proximity penalty, and its gradient
 * (docs/theory.md section 5). The derivatives by l are those of the native kernel; by the sum L they are divided by Z.
 *
 * @throws NativeError WEIGHT_OVERFLOW, whose `index` is the slate
 */
export function pope(batch: Batch, objective: PopeObjective): PopeGradient {
  const log = slateLog(batch, objective);
  const { value, utility, diversity, contributions, responseRewards } = slateValue(log, objective);
  const { coefficients, entropyCoefficients } = slateCoefficients(log, objective, {
    baseline: baselineOf(objective.baseline, responseRewards),
    score: objective.gradient === 'score',
  });
  const penalty = proximityPenalty(batch, objective);
  return {
    value: value - penalty.value,
    utility,
    diversity,
    coefficients: coefficients.map((c, k) => (c - penalty.coefficients[k]!) / lengthOf(batch, objective.normalise, k)),
    entropyCoefficients: entropyCoefficients ?? null,
    silentSlates: objective.estimator === 'bound' ? contributions.filter((x) => x === 0).length : 0,
  };
}

/** A batch as the native kernels take it. */
export function slateLog(
  batch: Batch,
  { normalise, tokenEntropy }: Pick<PopeObjective, 'normalise' | 'tokenEntropy'>,
): SlateLog {
  return {
    ...normalised(batch, normalise),
    reward: batch.reward,
    slateOffsets: batch.offsets,
    queryWeight: batch.queryWeight,
    ...(tokenEntropy && batch.entropy ? { entropy: batch.entropy } : {}),
  };
}

/**
 * (kappa / M) sum_k [exp(d) - 1 - d], d = l_ref - l: how far the model has gone from the reference, on logged responses
 * only; not a KL divergence. Derivative by l: (kappa / M) (1 - exp(d)).
 */
function proximityPenalty(batch: Batch, { proximity, normalise }: PopeObjective) {
  const { targetLogProb, referenceLogProb } = batch;
  const coefficients = new Float64Array(targetLogProb.length);
  let value = 0;
  if (proximity === 0) return { value, coefficients };
  const share = proximity / targetLogProb.length;
  for (const k of coefficients.keys()) {
    const distance = (referenceLogProb[k]! - targetLogProb[k]!) / lengthOf(batch, normalise, k);
    const excess = Math.expm1(distance);
    value += share * (excess - distance);
    coefficients[k] = -share * excess;
  }
  return { value, coefficients };
}

function baselineOf(baseline: PopeObjective['baseline'], rewards: Float64Array): number {
  if (typeof baseline === 'number') return baseline;
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
  return baseline === 'mean' ? mean : mean / 2;
}

/** Z of one response under the model. */
function lengthOf({ targetTokens, bytes }: Batch, normalise: Normalisation, k: number): number {
  if (normalise === 'none') return 1;
  return normalise === 'tokens' ? targetTokens[k]! : bytes[k]!;
}

/**
 * @file The three estimators of the pluralistic value of a target policy from logged slates, with their exact
 * derivatives (docs/theory.md sections 3 to 6).
 */
import { DataError } from '../errors.js';
import {
  importanceWeights,
  type Objective,
  type RewardForm,
  type SlateEstimator,
  type SlateLog,
  slateCoefficients,
  slateValue,
} from '../native/objective.js';
import { type CheckedOptions, checkData, checkOptions, type SlateData, type SlateOptions } from './slate-inputs.js';
import { CompensatedSum, sum } from './sum.js';

export type { SlateData, SlateOptions } from './slate-inputs.js';

/** One estimator on a log of slates (docs/theory.md section 4). */
export interface SlateEstimate {
  value: number;
  /** The part of `value` that comes from utility; of the bound: the bound of that part. */
  utility: number;
  /** The part that comes from diversity. The parts of the bound are bounds of the parts and do not add up. */
  diversity: number;
  /**
   * [N] x_i, never divided by mean weights: without `selfNormalise`, value = sum_i omega_i x_i / sum_i omega_i; with it
   * they are the terms of the numerator.
   */
  contributions: Float64Array;
  /**
   * [M] dvalue / dlogProb, exact, also of the self-normalised ratio. With a `baseline`, R is lowered by it wherever R
   * multiplies the derivative of a weight.
   */
  coefficients: Float64Array;
  /** [M] dvalue / dentropy, where an entropy was given. */
  entropyCoefficients?: Float64Array;
}

/** The three estimators of docs/theory.md section 4. */
export interface SlateEstimates {
  slate: SlateEstimate;
  decomposed: SlateEstimate;
  bound: SlateEstimate;
}

/** The form of the reward that an estimator takes when the caller names none. */
export const defaultForms: Readonly<Record<SlateEstimator, RewardForm>> = {
  slate: 'expected',
  decomposed: 'soft',
  bound: 'soft',
};

/**
 * Estimates the value of a target policy from slates that another policy wrote, three ways. With rho = exp(l - l0),
 * W the product of rho over a slate of K responses, h the weight transform and R the reward of a response:
 *
 *     slate       x = h(W) sum_k R_k
 *     decomposed  x = sum_k h(rho_k) R_k
 *     bound       x = K (prod_k rho_k R_k)^(1/K), a lower bound of decomposed; 0 when an R_k <= 0; K = 1: rho R
 *
 *     expected    R = exp(l) (lambdaCu r - lambdaDiv l)
 *     soft        R =         lambdaCu r - lambdaDiv l
 *     gated       R = r      (lambdaCu   - lambdaDiv l)             with an entropy H given, -l reads H in all three
 *
 * value = sum_i omega_i x_i / sum_i omega_i, where 'mean' divides x_i by K_i. Self-normalised, the slate estimate is
 * sum omega x / sum omega h(W), the decomposed one sum omega x / sum omega sum_k h(rho_k), times the weighted mean of K
 * under 'sum' and with 1/K_i on both sides under 'mean'. The bound has neither transform nor self-normalised form and
 * keeps its plain value.
 *
 * Log-probabilities and entropies are in nats, values in units of the reward. Synchronous; float64 throughout.
 *
 * Throws `DataError` SLATE_DATA and `UsageError` SLATE_OPTION or TRANSFORM for what it does not take, `DataError`
 * WEIGHTS_VANISH when it must divide by weights that are all 0, and `NativeError` WEIGHT_OVERFLOW, whose `index` is the
 * slate, when a log-weight is above 709 and the transform is not clip, or when a value is beyond a float64 all the
 * same, as the bound may be, which nothing clips.
 */
export function slateEstimates(data: SlateData, options: SlateOptions = {}): SlateEstimates {
  const log = checkData(data);
  const checked = checkOptions(options);
  return {
    slate: estimateOne(log, checked, 'slate'),
    decomposed: estimateOne(log, checked, 'decomposed'),
    bound: estimateOne(log, checked, 'bound'),
  };
}

function estimateOne(log: SlateLog, options: CheckedOptions, estimator: SlateEstimator): SlateEstimate {
  const { lambdaCu, lambdaDiv, transform, reduction } = options;
  const form = options.form ?? defaultForms[estimator];
  const objective: Objective = { estimator, form, lambdaCu, lambdaDiv, transform, reduction };
  const { value, utility, diversity, contributions, responseRewards } = slateValue(log, objective);
  const baseline = options.baseline === 'mean' ? sum(responseRewards) / responseRewards.length : options.baseline;
  const derivatives = slateCoefficients(log, objective, { baseline });
  const plain: SlateEstimate = { value, utility, diversity, contributions, ...derivatives };
  return options.selfNormalise && estimator !== 'bound' ? selfNormalise(plain, log, objective) : plain;
}

/**
 * value = scale A / D with the plain value A and the mean weight D, so dvalue = (scale dA - value dD) / D. `scale` is
 * the weighted mean of K for the sum over responses with a weight each, else 1.
 */
function selfNormalise(plain: SlateEstimate, log: SlateLog, objective: Objective): SlateEstimate {
  const { mean: meanWeight, scale, derivatives } = weightMean(log, objective);
  if (!(meanWeight > 0)) {
    throw new DataError(
      'WEIGHTS_VANISH',
      `selfNormalise: every importance weight of the ${objective.estimator} estimator is 0 as a float64, ` +
        'so there is nothing to divide by; normalise the log-probabilities (by tokens or bytes) or leave selfNormalise out',
    );
  }
  const factor = scale / meanWeight;
  const value = factor * plain.value;
  const result: SlateEstimate = {
    value,
    utility: factor * plain.utility,
    diversity: factor * plain.diversity,
    contributions: plain.contributions,
    coefficients: plain.coefficients.map((c, k) => factor * c - (value / meanWeight) * derivatives[k]!),
  };
  if (plain.entropyCoefficients) result.entropyCoefficients = plain.entropyCoefficients.map((c) => factor * c);
  return result;
}

/** The mean over slates of h(W), or of sum_k h(rho_k) (over K under 'mean'), and its derivative by each log-probability. */
function weightMean(log: SlateLog, { estimator, transform, reduction }: Objective) {
  const { slateOffsets, queryWeight } = log;
  const perResponse = estimator === 'decomposed';
  const level = perResponse ? 'response' : 'slate';
  const { weights, derivatives: slopes } = importanceWeights({ ...log, level, transform });
  const total = new CompensatedSum();
  const omegas = new CompensatedSum();
  const responses = new CompensatedSum();
  const derivatives = new Float64Array(log.logProb.length);
  for (let slate = 0; slate + 1 < slateOffsets.length; slate++) {
    const first = slateOffsets[slate]!;
    const last = slateOffsets[slate + 1]!;
    const omega = queryWeight ? queryWeight[slate]! : 1;
    const share = perResponse && reduction === 'mean' ? omega / (last - first) : omega;
    omegas.add(omega);
    responses.add(omega * (last - first));
    if (!perResponse) total.add(share * weights[slate]!);
    for (let k = first; k < last; k++) {
      if (perResponse) total.add(share * weights[k]!);
      derivatives[k] = share * slopes[perResponse ? k : slate]!;
    }
  }
  const omegaSum = omegas.value;
  return {
    mean: total.value / omegaSum,
    scale: perResponse && reduction === 'sum' ? responses.value / omegaSum : 1,
    derivatives: derivatives.map((derivative) => derivative / omegaSum),
  };
}

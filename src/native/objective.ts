/**
 * Typed calls of the native float64 ops on logs of slates: importance weights, values of the three estimators and their
 * derivatives (docs/theory.md sections 3 to 6). Synchronous. Arrays are flat over the M responses of N slates; slate i
 * holds the responses [slateOffsets[i], slateOffsets[i + 1]). Log-probabilities are in nats and already normalised.
 *
 * Every function throws `NativeError`: SHAPE, OUT_OF_RANGE (offsets), NON_FINITE, INVALID_ARGUMENT, and WEIGHT_OVERFLOW
 * where a log-weight is above 709 and the transform is not 'clip'; its `index` is the slate (of `importanceWeights` at
 * level 'response': the response).
 */
import { loadAddon } from './loader.js';

/** In the order of pope_weight_level. */
const levels = ['response', 'slate', 'geometric'] as const;
/** In the order of pope_transform. */
export const transformNames = ['identity', 'clip', 'power', 'shrinkage', 'sub-gaussian'] as const;
/** In the order of pope_estimator. */
export const estimatorNames = ['slate', 'decomposed', 'bound'] as const;
/** In the order of pope_form. */
export const formNames = ['expected', 'soft', 'gated'] as const;
/** In the order of pope_reduction. */
export const reductionNames = ['sum', 'mean'] as const;

/** rho per response; W = prod rho per slate; W^(1/K) per slate. */
export type WeightLevel = (typeof levels)[number];
export type TransformName = (typeof transformNames)[number];
export type SlateEstimator = (typeof estimatorNames)[number];
/** How a reward is made of utility and diversity (docs/theory.md section 3). */
export type RewardForm = (typeof formNames)[number];
/** Whether a slate counts with the sum or the mean over its responses. */
export type Reduction = (typeof reductionNames)[number];

/**
 * h(w), with t the value: identity w; clip min(w, t); power w^t; shrinkage t w / (w^2 + t); sub-gaussian
 * w / (1 - t + t w).
 */
export interface Transform {
  name: TransformName;
  /** clip, shrinkage: above 0; power, sub-gaussian: from 0 to 1; identity: ignored. */
  value: number;
}

export interface SlateLog {
  /** [M] l = log pi(a | x) under the target policy. */
  logProb: Float64Array;
  /** [M] l0 = log pi0(a | x) under the logging policy. */
  loggingLogProb: Float64Array;
  /** [M] */
  reward: Float64Array;
  /** [M] Mean token entropy, nats. Where given it takes the place of -l in the reward. */
  entropy?: Float64Array | undefined;
  /** [N + 1] From 0 to M, strictly increasing. */
  slateOffsets: Int32Array;
  /** [N] At least 0, not all 0; omitted: 1. */
  queryWeight?: Float64Array | undefined;
}

export interface Objective {
  estimator: SlateEstimator;
  form: RewardForm;
  lambdaCu: number;
  lambdaDiv: number;
  /** The bound takes none. */
  transform: Transform;
  reduction: Reduction;
}

/** Value of a log, the parts of it that come from utility and from diversity, and what it was averaged from. */
export interface SlateValue {
  value: number;
  utility: number;
  diversity: number;
  /** [N] x_i; value = sum_i queryWeight_i x_i / sum_i queryWeight_i. */
  contributions: Float64Array;
  /** [N] The utility part of x_i; of the bound: the bound of the utility part. */
  utilities: Float64Array;
  /** [N] */
  diversities: Float64Array;
  /** [M] R_k, not weighted. */
  responseRewards: Float64Array;
}

export function slateValue(log: SlateLog, objective: Objective): SlateValue {
  const slates = log.slateOffsets.length - 1;
  const contributions = new Float64Array(slates);
  const utilities = new Float64Array(slates);
  const diversities = new Float64Array(slates);
  const responseRewards = new Float64Array(log.logProb.length);
  const totals = new Float64Array(3);
  loadAddon().runSync(
    'slate_value',
    logInputs(log),
    [contributions, utilities, diversities, responseRewards, totals],
    objectiveDims(slates, objective),
    objectiveScalars(objective),
  );
  const [value, utility, diversity] = totals as unknown as [number, number, number];
  return { value, utility, diversity, contributions, utilities, diversities, responseRewards };
}

export interface CoefficientOptions {
  /** Subtracted from R_k wherever R_k multiplies the derivative of a weight (slate, decomposed); default 0. */
  baseline?: number | undefined;
  /** The score-function direction in place of the exact derivative (slate, decomposed); default false. */
  score?: boolean | undefined;
}

export interface SlateCoefficients {
  /** [M] dvalue / dlogProb. */
  coefficients: Float64Array;
  /** [M] dvalue / dentropy, where the log has entropies. */
  entropyCoefficients?: Float64Array;
}

export function slateCoefficients(
  log: SlateLog,
  objective: Objective,
  { baseline = 0, score = false }: CoefficientOptions = {},
): SlateCoefficients {
  const slates = log.slateOffsets.length - 1;
  const coefficients = new Float64Array(log.logProb.length);
  const entropyCoefficients = log.entropy && new Float64Array(log.logProb.length);
  loadAddon().runSync(
    'slate_coefficients',
    logInputs(log),
    [coefficients, entropyCoefficients ?? null],
    [...objectiveDims(slates, objective), score ? 1 : 0],
    [...objectiveScalars(objective), baseline],
  );
  return entropyCoefficients ? { coefficients, entropyCoefficients } : { coefficients };
}

export interface WeightRequest {
  level: WeightLevel;
  transform: Transform;
  logProb: Float64Array;
  loggingLogProb: Float64Array;
  slateOffsets: Int32Array;
}

/** All of length M at level 'response', else N. */
export interface ImportanceWeights {
  logWeights: Float64Array;
  /** h(w) */
  weights: Float64Array;
  /** w h'(w), the derivative of h with respect to the log-weight. */
  derivatives: Float64Array;
}

export function importanceWeights(request: WeightRequest): ImportanceWeights {
  const slates = request.slateOffsets.length - 1;
  const count = request.level === 'response' ? request.logProb.length : slates;
  const logWeights = new Float64Array(count);
  const weights = new Float64Array(count);
  const derivatives = new Float64Array(count);
  loadAddon().runSync(
    'weights',
    [request.logProb, request.loggingLogProb, request.slateOffsets],
    [logWeights, weights, derivatives],
    [slates, levels.indexOf(request.level), transformNames.indexOf(request.transform.name)],
    [request.transform.value],
  );
  return { logWeights, weights, derivatives };
}

/**
 * Sums and means of token values over each response, accumulated in float64.
 *
 * @param values [tokens]
 * @param offsets [responses + 1] from 0 to the number of tokens, not decreasing; an empty response has sum 0 and mean 0
 */
export function sequenceReduce(
  values: Float32Array,
  offsets: BigInt64Array,
): { sums: Float64Array; means: Float64Array } {
  const responses = offsets.length - 1;
  const sums = new Float64Array(responses);
  const means = new Float64Array(responses);
  loadAddon().runSync('sequence_reduce', [values, offsets], [sums, means], [responses], []);
  return { sums, means };
}

function logInputs(log: SlateLog) {
  return [log.logProb, log.loggingLogProb, log.reward, log.entropy ?? null, log.slateOffsets, log.queryWeight ?? null];
}

function objectiveDims(slates: number, objective: Objective): number[] {
  return [
    slates,
    estimatorNames.indexOf(objective.estimator),
    formNames.indexOf(objective.form),
    transformNames.indexOf(objective.transform.name),
    reductionNames.indexOf(objective.reduction),
  ];
}

function objectiveScalars({ lambdaCu, lambdaDiv, transform }: Objective): number[] {
  return [lambdaCu, lambdaDiv, transform.value];
}

import { DataError, describeValue, PopeError, UsageError } from '../../errors.js';
import { solvePositiveDefinite } from './cholesky.js';

/** Kinds of reward models: linear with a penalty, and logistic. */
export const REWARD_MODELS = ['ridge', 'logistic'] as const;
/** One of REWARD_MODELS. */
export type RewardModelKind = (typeof REWARD_MODELS)[number];

/** What is fitted to the rewards. */
export interface RewardModelOptions {
  /** 'ridge' for any rewards (default), 'logistic' for rewards in [0, 1]. */
  kind?: RewardModelKind | undefined;
  /** Factor of the squared length of the coefficients of standardised features, at least 0; default 1. */
  penalty?: number | undefined;
}

/** Rows of features, such as embeddings of a prompt and its response, with the reward of each. */
export interface RewardRows {
  /** [n * d], row-major. */
  features: ArrayLike<number>;
  /** [n] */
  reward: ArrayLike<number>;
}

/** An expected reward as a function of features: intercept + features . coefficients, through the logistic function where it is one. */
export interface RewardModel {
  kind: RewardModelKind;
  intercept: number;
  /** [d], of the features as they were given. */
  coefficients: Float64Array;
  /** Expected reward of each row of `features` [m * d]. */
  predict(features: ArrayLike<number>): Float64Array;
}

const MOST_FEATURES = 4096;
const MOST_STEPS = 100;

/**
 * Fits a linear model of the reward to rows, by
 *
 *     ridge      sum_i (r_i - f_i)^2 + penalty |beta|^2,      f_i = b + beta . z_i
 *     logistic   -sum_i [r_i log s(f_i) + (1 - r_i) log(1 - s(f_i))] + penalty / 2 |beta|^2,      s(f) = 1 / (1 + exp(-f))
 *
 * with z the features standardised on these rows; the intercept b is free. The logistic one is found by Newton's method; rewards that are
 * all 0 or all 1 have no finite intercept, and give the constant (sum r + 1/2) / (n + 1).
 *
 * @throws UsageError ESTIMATE_OPTION; DataError ESTIMATE_INPUT for numbers that are not finite, rows that do not fit their rewards,
 *   more than 4096 features, and rewards outside [0, 1] of a logistic model
 */
export function fitRewardModel({ features, reward }: RewardRows, options: RewardModelOptions = {}): RewardModel {
  const { kind = 'ridge', penalty = 1 } = options;
  if (!REWARD_MODELS.includes(kind)) {
    throw wrongOption(
      `Option kind of a reward model must be ${REWARD_MODELS.join(' or ')}; got ${describeValue(kind)}.`,
    );
  }
  if (!(Number.isFinite(penalty) && penalty >= 0)) {
    throw wrongOption(
      `Option penalty of a reward model must be a number of at least 0; got ${describeValue(penalty)}.`,
    );
  }
  const rows = checkedRows(features, reward, kind);
  const { means, scales, standardised } = standardise(rows);
  const fitted =
    kind === 'ridge' ? ridge(standardised, rows.reward, penalty) : logistic(standardised, rows.reward, penalty);
  const coefficients = scales.map((scale, j) => (scale === 0 ? 0 : fitted[j + 1]! / scale));
  const intercept = coefficients.reduce((rest, coefficient, j) => rest - coefficient * means[j]!, fitted[0]!);
  return { kind, intercept, coefficients, predict: (other) => predictions(kind, intercept, coefficients, other) };
}

interface Rows {
  features: Float64Array;
  reward: Float64Array;
  d: number;
}

function checkedRows(features: ArrayLike<number>, reward: ArrayLike<number>, kind: RewardModelKind): Rows {
  const n = reward.length;
  const d = features.length / n;
  if (n === 0 || !Number.isInteger(d)) {
    throw new DataError(
      'ESTIMATE_INPUT',
      `A reward model got ${n} rewards and ${features.length} features; expected at least one reward, and as many features for each.`,
    );
  }
  if (d > MOST_FEATURES) {
    throw new DataError('ESTIMATE_INPUT', `A reward model may have ${MOST_FEATURES} features at most; got ${d}.`);
  }
  requireFinite('features', features);
  requireFinite('reward', reward);
  const outside = kind === 'logistic' ? Array.prototype.findIndex.call(reward, (r: number) => r < 0 || r > 1) : -1;
  if (outside >= 0) {
    throw new DataError(
      'ESTIMATE_INPUT',
      `reward[${outside}] is ${reward[outside]}; a logistic model needs rewards in [0, 1].`,
    );
  }
  return { features: Float64Array.from(features), reward: Float64Array.from(reward), d };
}

/** Columns of mean 0 and variance 1 behind a column of ones, [n * (d + 1)]; a constant column becomes 0. */
function standardise({ features, reward, d }: Rows) {
  const n = reward.length;
  const means = new Float64Array(d);
  const scales = new Float64Array(d);
  for (let at = 0; at < features.length; at++) means[at % d]! += features[at]! / n;
  for (let at = 0; at < features.length; at++) scales[at % d]! += (features[at]! - means[at % d]!) ** 2 / n;
  for (let j = 0; j < d; j++) {
    const scale = Math.sqrt(scales[j]!);
    scales[j] = scale > 1e-12 * Math.abs(means[j]!) ? scale : 0;
  }
  const standardised = new Float64Array(n * (d + 1));
  for (let i = 0; i < n; i++) {
    standardised[i * (d + 1)] = 1;
    for (let j = 0; j < d; j++) {
      if (scales[j]! > 0) standardised[i * (d + 1) + j + 1] = (features[i * d + j]! - means[j]!) / scales[j]!;
    }
  }
  return { means, scales, standardised };
}

/** Solves the weighted normal equations (Z' W Z + penalty, but for the intercept) x = Z' t. */
function solveWeighted(
  z: Float64Array,
  weights: Float64Array | null,
  targets: Float64Array,
  penalty: number,
  ridgeOf?: Float64Array,
): Float64Array {
  const n = targets.length;
  const width = z.length / n;
  const gram = new Float64Array(width * width);
  const right = new Float64Array(width);
  for (let i = 0; i < n; i++) {
    const row = z.subarray(i * width, (i + 1) * width);
    const weight = weights ? weights[i]! : 1;
    for (let a = 0; a < width; a++) {
      const scaled = weight * row[a]!;
      right[a]! += targets[i]! * row[a]!;
      if (scaled === 0) continue;
      for (let b = 0; b <= a; b++) gram[a * width + b]! += scaled * row[b]!;
    }
  }
  for (let a = 1; a < width; a++) {
    // Columns that are 0, or say the same, have no solution of their own without a penalty.
    gram[a * width + a]! += Math.max(penalty, 1e-9 * n);
    if (ridgeOf) right[a]! -= penalty * ridgeOf[a]!;
  }
  if (solvePositiveDefinite(gram, right)) return right;
  throw new PopeError(
    'INTERNAL',
    'The normal equations of a reward model are not positive definite; please report it.',
  );
}

function ridge(z: Float64Array, reward: Float64Array, penalty: number): Float64Array {
  return solveWeighted(z, null, reward, penalty);
}

function logistic(z: Float64Array, reward: Float64Array, penalty: number): Float64Array {
  const n = reward.length;
  const width = z.length / n;
  const beta = new Float64Array(width);
  const total = reward.reduce((a, b) => a + b, 0);
  const mean = total === 0 || total === n ? (total + 0.5) / (n + 1) : total / n;
  beta[0] = Math.log(mean / (1 - mean));
  if (total === 0 || total === n) return beta;
  let loss = logisticLoss(z, reward, beta, penalty);
  for (let step = 0; step < MOST_STEPS; step++) {
    const means = logits(z, beta).map(sigmoid);
    const curvature = means.map((p) => Math.max(p * (1 - p), 1e-12));
    const direction = solveWeighted(
      z,
      curvature,
      reward.map((r, i) => r - means[i]!),
      penalty,
      beta,
    );
    // Halved until it helps; the loss is convex, so that a step of nothing means that the minimum is reached.
    let size = 1;
    let next = beta;
    let lower = loss;
    for (; size > 1e-8 && !(lower < loss); size /= 2) {
      next = beta.map((b, j) => b + size * direction[j]!);
      lower = logisticLoss(z, reward, next, penalty);
    }
    if (!(lower < loss)) return beta;
    beta.set(next);
    if (loss - lower <= 1e-14 * Math.abs(loss)) return beta;
    loss = lower;
  }
  return beta;
}

function logisticLoss(z: Float64Array, reward: Float64Array, beta: Float64Array, penalty: number): number {
  let loss = 0;
  for (let j = 1; j < beta.length; j++) loss += (penalty / 2) * beta[j]! ** 2;
  for (const [i, f] of logits(z, beta).entries()) {
    // log(1 + exp(f)) - r f, without overflow.
    loss += Math.max(f, 0) + Math.log1p(Math.exp(-Math.abs(f))) - reward[i]! * f;
  }
  return loss;
}

function logits(z: Float64Array, beta: Float64Array): Float64Array {
  const width = beta.length;
  return Float64Array.from({ length: z.length / width }, (_, i) => dot(z, i * width, beta));
}

function predictions(
  kind: RewardModelKind,
  intercept: number,
  coefficients: Float64Array,
  features: ArrayLike<number>,
) {
  const d = coefficients.length;
  if (d === 0 ? features.length > 0 : features.length % d !== 0) {
    throw new DataError(
      'ESTIMATE_INPUT',
      `The reward model has ${d} features a row; ${features.length} make no whole rows.`,
    );
  }
  requireFinite('features', features);
  return Float64Array.from({ length: features.length / d }, (_, i) => {
    const f = intercept + dot(features, i * d, coefficients);
    return kind === 'logistic' ? sigmoid(f) : f;
  });
}

function dot(rows: ArrayLike<number>, from: number, coefficients: Float64Array): number {
  let total = 0;
  for (let j = 0; j < coefficients.length; j++) total += rows[from + j]! * coefficients[j]!;
  return total;
}

function sigmoid(f: number): number {
  return f >= 0 ? 1 / (1 + Math.exp(-f)) : Math.exp(f) / (1 + Math.exp(f));
}

function requireFinite(what: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    throw new DataError('ESTIMATE_INPUT', `${what}[${i}] must be a finite number; got ${describeValue(values[i])}.`);
  }
}

function wrongOption(message: string): UsageError {
  return new UsageError('ESTIMATE_OPTION', message);
}

import { DataError, UsageError } from '../../errors.js';
import type { ScalarTerms, TermSums } from '../../native/estimates.js';
import { exactSum } from '../exact-sum.js';
import { meanOf, type Statistic, statisticValue } from '../statistic.js';
import { definitionOf, lambdaOf, type ScalarDefinition } from './definitions.js';
import { columnsOf, type ScalarColumns, type ScalarLog } from './input.js';
import { type LikelihoodName, likelihoodContributions } from './likelihood.js';
import { nativeSums, nativeTerms } from './native.js';
import { transforms } from './transforms.js';

/** What estimators of single actions may need beside the log. */
export interface EstimateOptions {
  /** Parameter of the estimator's weight transform; by default the one that changes nothing. */
  lambda?: number | undefined;
  /** [n], used in place of the log's propensities. */
  estimatedPropensity?: ArrayLike<number> | undefined;
  /** [n], the importance weights of balanced-ips. */
  estimatedWeight?: ArrayLike<number> | undefined;
  /** The smallest and largest possible reward, for intervals that need them. */
  range?: readonly [number, number] | undefined;
  /** The smallest and largest possible weight, for empirical-likelihood and cressie-read; [0, Infinity] by default. */
  weightRange?: readonly [number, number] | undefined;
}

/** A value with what intervals are made of; arrays are [n]. */
export interface ScalarEstimate {
  value: number;
  /** The mean of the contributions is the value. */
  contributions: Float64Array;
  /** The value is the mean of the numerator; with a denominator sum(numerator) / sum(denominator), plus `plus`. */
  numerator: Float64Array;
  denominator?: Float64Array;
  /** Further ratios that are added to that one. */
  plus?: readonly { numerator: Float64Array; denominator: Float64Array }[];
  /** The weights h as applied; absent for the direct method, as are the rewards. */
  weights?: Float64Array;
  rewards?: Float64Array;
  /** Whether the value is E[weight * reward] and E[weight] is 1, as likelihood intervals assume. */
  importance: boolean;
  /** The smallest and largest possible reward, where given. */
  range?: readonly [number, number];
}

/**
 * The value of a policy from a log of single actions (docs/theory.md section 6): replay, ips, snips, dm, dr, sndr,
 * switch-dr, dros, sg-ips, sg-dr, balanced-ips, power-ips, psis-ips, empirical-likelihood, cressie-read; docs/estimators.md says
 * which needs what.
 *
 * Where a shrunk weight is 0/0 it is its limit 0. Replay without any match is 0; other self-normalised estimators refuse
 * weights that are all 0.
 *
 * @throws UsageError ESTIMATOR_UNKNOWN, ESTIMATE_NEEDS, ESTIMATE_OPTION
 * @throws DataError ESTIMATE_INPUT, WEIGHTS_VANISH
 */
export function estimate(log: ScalarLog, name: string, options: EstimateOptions = {}): ScalarEstimate {
  const definition = definitionOf(name);
  const lambda = lambdaOf(name, definition, options.lambda);
  const result = fromLog(log, name, definition, lambda, options);
  if (!options.range) return result;
  requireRange(options.range, result.rewards ?? null);
  return { ...result, range: options.range };
}

/**
 * The value of `estimate` alone, bit for bit. Of a large log in typed arrays (Float64Array; actions Int32Array) most estimators take it in
 * one pass and no more memory: for many policies or parameters on one log.
 *
 * Throws as `estimate`.
 */
export function estimateValue(log: ScalarLog, name: string, options: EstimateOptions = {}): number {
  const definition = definitionOf(name);
  const lambda = lambdaOf(name, definition, options.lambda);
  const native = options.range ? null : nativeSums(log, definition, lambda, options);
  return native ? valueOfSums(native.sums, native.rounds, name, definition) : estimate(log, name, options).value;
}

function valueOfSums(
  sums: TermSums,
  rounds: number,
  name: string,
  { selfNormalised, model }: ScalarDefinition,
): number {
  if (!selfNormalised) return sums.numerator / rounds;
  if (sums.weights === 0) throw vanished(name);
  const ratio = sums.numerator / sums.weights;
  return model ? ratio + sums.baseline / rounds : ratio;
}

function fromLog(
  log: ScalarLog,
  name: string,
  definition: ScalarDefinition,
  lambda: number,
  options: EstimateOptions,
): ScalarEstimate {
  const native = nativeTerms(log, definition, lambda, options);
  if (native) return fromTerms(native, log, name, definition, lambda);
  const columns = columnsOf(log, name, definition, options);
  return definition.likelihood
    ? byLikelihood(columns, definition.likelihood, options.weightRange)
    : assemble(columns, name, definition, lambda);
}

/** As `assemble`, of terms that are there already. */
function fromTerms(
  { weights, numerator, baseline, contributions, sums }: ScalarTerms,
  log: ScalarLog,
  name: string,
  definition: ScalarDefinition,
  lambda: number,
): ScalarEstimate {
  const rounds = numerator.length;
  const value = valueOfSums(sums, rounds, name, definition);
  if (!weights) return { value, contributions: numerator, numerator, importance: false };
  const importance = !definition.model && isNeutral(definition, lambda);
  const shared = { value, numerator, weights, rewards: log.reward as Float64Array, importance };
  if (!contributions) return { ...shared, contributions: numerator };
  return {
    ...shared,
    contributions,
    denominator: weights,
    ...(baseline ? { plus: [{ numerator: baseline, denominator: new Float64Array(rounds).fill(1) }] } : {}),
  };
}

/** The estimate that a definition makes of checked columns. */
export function assemble(
  columns: ScalarColumns,
  name: string,
  definition: ScalarDefinition,
  lambda: number,
): ScalarEstimate {
  const { baseline, rounds } = columns;
  const { statistic, weights } = termsOf(columns, definition, lambda);
  const { numerator } = statistic;
  if (!weights) return fromMean(numerator, false);
  const shared = {
    weights,
    rewards: columns.rewards!,
    importance: definition.weight === 'importance' && !baseline && isNeutral(definition, lambda),
  };
  if (!definition.selfNormalised) return { ...fromMean(numerator, shared.importance), ...shared };
  const meanWeight = exactSum(weights) / rounds;
  if (meanWeight === 0) {
    if (definition.weight !== 'match') throw vanished(name);
    const none = new Float64Array(rounds);
    return { value: 0, contributions: none, numerator: none, denominator: weights, ...shared };
  }
  const mean = statistic.plus;
  return {
    value: statisticValue(statistic),
    contributions: numerator.map((x, i) => x / meanWeight + (baseline?.[i] ?? 0)),
    numerator,
    denominator: weights,
    ...(mean ? { plus: [{ numerator: mean.numerator, denominator: mean.denominators[0]! }] } : {}),
    ...shared,
  };
}

/** The value as a function of sums over rounds, each term of one round alone; and the weights that it applies. */
export function termsOf(
  columns: ScalarColumns,
  definition: ScalarDefinition,
  lambda: number,
): { statistic: Statistic; weights: Float64Array | null } {
  const { baseline, residuals } = columns;
  const weights = appliedWeights(columns, definition, lambda);
  if (!weights) return { statistic: meanOf(baseline!), weights };
  const products = weights.map((h, i) => h * residuals![i]!);
  if (!definition.selfNormalised) {
    return { statistic: meanOf(baseline ? products.map((x, i) => x + baseline[i]!) : products), weights };
  }
  const ratio: Statistic = { numerator: products, multipliers: [], denominators: [weights] };
  return { statistic: baseline ? { ...ratio, plus: meanOf(baseline) } : ratio, weights };
}

/** Rounds, not weights, are reweighted: `weights` are the importance weights. */
function byLikelihood(
  columns: ScalarColumns,
  name: LikelihoodName,
  weightRange: readonly [number, number] | undefined,
): ScalarEstimate {
  const weights = appliedWeights(columns, { weight: 'importance' }, Number.NaN)!;
  const rewards = columns.rewards!;
  const contributions = likelihoodContributions(name, weights, rewards, weightRange);
  return { ...fromMean(contributions, true), weights, rewards };
}

/** h = transform(w), finite. */
export function appliedWeights(
  { weights }: ScalarColumns,
  { transform }: ScalarDefinition,
  lambda: number,
): Float64Array | null {
  const applied = weights && transform ? transforms[transform].apply(weights, lambda) : weights;
  const bad = applied?.findIndex((h) => !Number.isFinite(h)) ?? -1;
  if (bad < 0) return applied;
  throw new DataError(
    'ESTIMATE_INPUT',
    `The weight of round ${bad} is ${weights![bad]}: its propensity is too small for a double. Clip the weights, or leave the round out.`,
  );
}

function fromMean(contributions: Float64Array, importance: boolean): ScalarEstimate {
  return { value: statisticValue(meanOf(contributions)), contributions, numerator: contributions, importance };
}

function isNeutral({ transform }: ScalarDefinition, lambda: number): boolean {
  return transform !== undefined && transforms[transform].lambda?.neutral === lambda;
}

export function vanished(name: string): DataError {
  return new DataError(
    'WEIGHTS_VANISH',
    `Estimator ${name} divides by the sum of the weights, and every weight is 0: the policy never chooses a logged action.`,
  );
}

function requireRange(range: readonly [number, number], rewards: Float64Array | null): void {
  if (!(range[0] < range[1])) {
    throw new UsageError(
      'ESTIMATE_OPTION',
      `Option range must be [smallest, largest] reward; got [${range.join(', ')}].`,
    );
  }
  const outside = rewards?.findIndex((r) => !(r >= range[0] && r <= range[1])) ?? -1;
  if (outside < 0) return;
  throw new DataError(
    'ESTIMATE_INPUT',
    `reward[${outside}] is ${rewards![outside]}, outside the range [${range.join(', ')}].`,
  );
}

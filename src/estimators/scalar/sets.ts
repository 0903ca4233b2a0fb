import { DataError, describeValue, UsageError } from '../../errors.js';
import { meanOf, statisticValue } from '../statistic.js';
import { sum } from '../sum.js';
import { CheckedInput, finite } from './checked-input.js';
import type { ScalarEstimate } from './estimate.js';
import { LOGGER_COMBINATIONS, type LoggerCombination } from './loggers.js';
import { setWeights } from './set-weights.js';
import { combineByVariance, type LoggerOf } from './strata.js';

/** Names that `estimateSets` takes; docs/estimators.md has the formula of each. */
export const SET_ESTIMATORS = ['set-ips', 'set-snips', 'set-dr', 'set-dm'] as const;
/** One of SET_ESTIMATORS. */
export type SetEstimatorName = (typeof SET_ESTIMATORS)[number];

/** N sets of responses with M responses in all, whose order means nothing; arrays of responses are flat, set after set. */
export interface SetLog extends LoggerOf {
  /** [N], the reward of each set. */
  reward?: ArrayLike<number> | undefined;
  /** [N + 1], where each set begins; the last entry is M. */
  slateOffsets?: ArrayLike<number> | undefined;
  /** [M], log-probability of the response as a single draw of the policy whose value is asked for; nats. */
  logProb?: ArrayLike<number> | undefined;
  /** [M], the same under the logging policy. */
  loggingLogProb?: ArrayLike<number> | undefined;
  /** [M * loggers], row-major, the same under every logging policy, for 'balanced'; -Infinity for what one never says. */
  loggingLogProbOfLoggers?: ArrayLike<number> | undefined;
  /** [N], a model's expected reward of each logged set. */
  qHat?: ArrayLike<number> | undefined;
  /** [N], that model's expected reward of a set that the policy would draw for the same query. */
  qPolicy?: ArrayLike<number> | undefined;
}

/** How sets were drawn, and by whom. */
export interface SetOptions {
  /** How both policies draw a set: 'independent' (with replacement; default) or 'without-replacement'. */
  draws?: 'independent' | 'without-replacement' | undefined;
  /** For sets that several policies wrote, each set by one of them: as in `estimateLoggers`, of whole sets. */
  combine?: LoggerCombination | undefined;
}

/**
 * The value of a policy from sets of responses, by the importance weight of the unordered set (Bhargava et al., "Off-policy
 * evaluation from logged human feedback", 2024): w = P(S) / P0(S), the probability summed over all orders in which S can be drawn.
 *
 *     independent           P(S) = multiplicity * prod_k p_k; the multiplicity cancels: W of the slate estimator
 *     without-replacement   P(S) = sum over orders of prod_k p_k / (1 - sum of those before)       (Plackett-Luce)
 *
 *     set-ips  mean w r      set-snips  mean w r / mean w      set-dm  mean qPolicy      set-dr  mean qPolicy + w (r - qHat)
 *
 * A set's weight never has a larger variance than that of the order in which it was drawn. Weights are formed from log-probabilities.
 * Several logging policies are combined as in `estimateLoggers`: the balanced weight is P(S) / sum_l (n_l / N) P0_l(S).
 *
 * @throws UsageError ESTIMATOR_UNKNOWN, ESTIMATE_NEEDS, ESTIMATE_OPTION; DataError ESTIMATE_INPUT, WEIGHTS_VANISH
 */
export function estimateSets(log: SetLog, name: string, options: SetOptions = {}): ScalarEstimate {
  const { draws = 'independent', combine } = options;
  if (!SET_ESTIMATORS.includes(name as SetEstimatorName)) {
    throw new UsageError(
      'ESTIMATOR_UNKNOWN',
      `There is no estimator ${describeValue(name)} of sets; choose one of ${SET_ESTIMATORS.join(', ')}.`,
    );
  }
  if (draws !== 'independent' && draws !== 'without-replacement') {
    throw new UsageError(
      'ESTIMATE_OPTION',
      `Option draws must be independent or without-replacement; got ${describeValue(draws)}.`,
    );
  }
  if (combine !== undefined && !LOGGER_COMBINATIONS.includes(combine)) {
    throw new UsageError(
      'ESTIMATE_OPTION',
      `Option combine must be one of ${LOGGER_COMBINATIONS.join(', ')}; got ${describeValue(combine)}.`,
    );
  }
  const direct = name === 'set-dm';
  const input = new CheckedInput(name, (direct ? log.qPolicy : log.reward)?.length, direct ? 'qPolicy' : 'reward');
  if (direct) return ofMean(input.column('qPolicy', log.qPolicy, finite));
  const rewards = input.column('reward', log.reward, finite);
  const { weights, ofLoggers } = setWeights(log, name, rewards.length, options);
  const columns: SetColumns = { weights, rewards };
  if (name === 'set-dr') {
    columns.qHat = input.column('qHat', log.qHat, finite);
    columns.qPolicy = input.column('qPolicy', log.qPolicy, finite);
  }
  if (combine !== 'weighted') return fromColumns(columns, name);
  return combineByVariance(ofLoggers!, rewards, (own) => {
    const pick = (column: Float64Array) => Float64Array.from(own, (i) => column[i]!);
    const part = Object.entries(columns).map(([key, column]) => [key, pick(column)]);
    return fromColumns(Object.fromEntries(part), name);
  });
}

/** Arrays are [N]. */
interface SetColumns {
  weights: Float64Array;
  rewards: Float64Array;
  /** For 'set-dr'. */
  qHat?: Float64Array;
  qPolicy?: Float64Array;
}

function fromColumns({ weights, rewards, qHat, qPolicy }: SetColumns, name: string): ScalarEstimate {
  const shared = { weights, rewards };
  if (qHat && qPolicy) {
    return { ...ofMean(weights.map((w, i) => qPolicy[i]! + w * (rewards[i]! - qHat[i]!))), ...shared };
  }
  const products = weights.map((w, i) => w * rewards[i]!);
  if (name === 'set-ips') return { ...ofMean(products), ...shared, importance: true };
  const total = sum(weights);
  if (total === 0) {
    throw new DataError(
      'WEIGHTS_VANISH',
      'Estimator set-snips divides by the sum of the weights, and every weight is 0.',
    );
  }
  const mean = total / weights.length;
  return {
    value: statisticValue({ numerator: products, multipliers: [], denominators: [weights] }),
    contributions: products.map((x) => x / mean),
    numerator: products,
    denominator: weights,
    importance: true,
    ...shared,
  };
}

function ofMean(contributions: Float64Array): ScalarEstimate {
  return { value: statisticValue(meanOf(contributions)), contributions, numerator: contributions, importance: false };
}

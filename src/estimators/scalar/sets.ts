import { DataError, describeValue, UsageError } from '../../errors.js';
import { meanOf, statisticValue } from '../statistic.js';
import { sum } from '../sum.js';
import { CheckedInput, finite, invalid } from './checked-input.js';
import type { ScalarEstimate } from './estimate.js';
import { Slates } from './slates.js';

export const SET_ESTIMATORS = ['set-ips', 'set-snips', 'set-dr', 'set-dm'] as const;
export type SetEstimatorName = (typeof SET_ESTIMATORS)[number];

/** N sets of responses with M responses in all, whose order means nothing; arrays of responses are flat, set after set. */
export interface SetLog {
  /** [N], the reward of each set. */
  reward?: ArrayLike<number> | undefined;
  /** [N + 1], where each set begins; the last entry is M. */
  slateOffsets?: ArrayLike<number> | undefined;
  /** [M], log-probability of the response as a single draw of the policy whose value is asked for; nats. */
  logProb?: ArrayLike<number> | undefined;
  /** [M], the same under the logging policy. */
  loggingLogProb?: ArrayLike<number> | undefined;
  /** [N], a model's expected reward of each logged set. */
  qHat?: ArrayLike<number> | undefined;
  /** [N], that model's expected reward of a set that the policy would draw for the same query. */
  qPolicy?: ArrayLike<number> | undefined;
}

export interface SetOptions {
  /** How both policies draw a set: 'independent' (with replacement; default) or 'without-replacement'. */
  draws?: 'independent' | 'without-replacement' | undefined;
}

/** Orders of a set grow as its factorial; sums over its subsets, 2^K, are what is formed. */
const LARGEST_SET = 16;

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
 *
 * @throws UsageError ESTIMATOR_UNKNOWN, ESTIMATE_NEEDS, ESTIMATE_OPTION; DataError ESTIMATE_INPUT, WEIGHTS_VANISH
 */
export function estimateSets(log: SetLog, name: string, { draws = 'independent' }: SetOptions = {}): ScalarEstimate {
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
  const sets = new CheckedInput(
    name,
    (name === 'set-dm' ? log.qPolicy : log.reward)?.length,
    name === 'set-dm' ? 'qPolicy' : 'reward',
  );
  if (name === 'set-dm') return ofMean(sets.column('qPolicy', log.qPolicy, finite));
  const rewards = sets.column('reward', log.reward, finite);
  const weights = setWeights(log, name, rewards.length, draws);
  const shared = { weights, rewards };
  if (name === 'set-dr') {
    const qHat = sets.column('qHat', log.qHat, finite);
    const qPolicy = sets.column('qPolicy', log.qPolicy, finite);
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

/** w of each set, [N]. */
function setWeights(
  log: SetLog,
  name: string,
  sets: number,
  draws: 'independent' | 'without-replacement',
): Float64Array {
  const input = new CheckedInput(name, log.logProb?.length, 'logProb');
  const rule = { expected: 'a log-probability of at most 0', holds: (l: number) => l <= LOG_SLACK };
  const logProb = input.column('logProb', log.logProb, rule);
  const logging = input.column('loggingLogProb', log.loggingLogProb, {
    expected: 'a finite log-probability of at most 0',
    holds: (l: number) => Number.isFinite(l) && l <= LOG_SLACK,
  });
  const slates = new Slates(input, log.slateOffsets);
  if (slates.count !== sets) throw invalid(`reward has ${sets} numbers; expected ${slates.count}, one per set.`);
  const logWeights = slates.sums(logProb.map((l, k) => l - logging[k]!));
  if (draws === 'without-replacement') {
    for (const [i, [first, last]] of slates.ranges().entries()) {
      if (logWeights[i] === -Infinity) continue;
      logWeights[i]! += logOrders(logProb.subarray(first, last), i) - logOrders(logging.subarray(first, last), i);
    }
  }
  return logWeights.map((logWeight, i) => {
    const weight = Math.exp(logWeight);
    if (Number.isFinite(weight)) return weight;
    throw invalid(`The weight of set ${i} is exp(${logWeight.toFixed(1)}), too large for a double; leave the set out.`);
  });
}

/** Single-precision log-probabilities of 0 may be this much above it. */
const LOG_SLACK = 1e-5;

/**
 * log g(S) with P(S) = g(S) prod_k p_k: the sum over orders of prod_k 1 / (1 - sum of the p before), by the last one drawn,
 *     g({}) = 1,    g(S) = sum_{k in S} g(S without k) / (1 - sum of p over S without k).
 */
function logOrders(logProb: Float64Array, set: number): number {
  const size = logProb.length;
  if (size > LARGEST_SET) {
    throw invalid(`Set ${set} has ${size} responses; sets drawn without replacement may have ${LARGEST_SET} at most.`);
  }
  const subsets = 1 << size;
  const mass = new Float64Array(subsets);
  const orders = new Float64Array(subsets);
  orders[0] = 1;
  for (let subset = 1; subset < subsets; subset++) {
    const lowest = 31 - Math.clz32(subset & -subset);
    mass[subset] = mass[subset & (subset - 1)]! + Math.exp(logProb[lowest]!);
    for (let k = 0; k < size; k++) {
      if (!(subset & (1 << k))) continue;
      const before = subset ^ (1 << k);
      const left = 1 - mass[before]!;
      if (!(left > 0)) {
        throw invalid(
          `Set ${set}: its responses have probabilities that sum to ${mass[before]} or more before the last is drawn; ` +
            'drawn without replacement they sum to less than 1, and each response of a set is another one.',
        );
      }
      orders[subset]! += orders[before]! / left;
    }
  }
  return Math.log(orders[subsets - 1]!);
}

function ofMean(contributions: Float64Array): ScalarEstimate {
  return { value: statisticValue(meanOf(contributions)), contributions, numerator: contributions, importance: false };
}

import { DataError, describeValue, UsageError } from '../../errors.js';
import { meanOf, ratioOf, type Statistic, statisticValue } from '../statistic.js';
import { sum } from '../sum.js';
import { CheckedInput, finite, probability, propensity } from './checked-input.js';
import type { ScalarEstimate } from './estimate.js';
import { type Ratio, Slates } from './slates.js';

/** Probabilities of a policy, [M] over rows; each kind only where its estimator asks for it. */
export interface RankedProbabilities {
  /** Of the row's whole slate, the same on each of its rows. */
  slate?: ArrayLike<number> | undefined;
  /** Of the row's item at its position. */
  position?: ArrayLike<number> | undefined;
  /** Of the items from the first position to the row's. */
  cascade?: ArrayLike<number> | undefined;
}

/** N slates of ranked items: one row per slate and position, slate after slate, position after position. */
export interface RankedLog {
  /** [M], the reward of each position. */
  reward?: ArrayLike<number> | undefined;
  /** [N + 1], where each slate begins; the last entry is M. */
  slateOffsets?: ArrayLike<number> | undefined;
  /** Of the logging policy. */
  propensity?: RankedProbabilities | undefined;
  /** Of the policy whose value is asked for. */
  policy?: RankedProbabilities | undefined;
  /** [M], the row's item, for cascade-dr. */
  action?: ArrayLike<number> | undefined;
  /** [M * k], a model's expected reward from the row's position on, of each item there. */
  qHat?: ArrayLike<number> | undefined;
  /** [M * k], the policy's probability of each item at the row's position, given the items before. */
  policyOfItems?: ArrayLike<number> | undefined;
  k?: number | undefined;
}

/**
 * With w the ratio of one kind of probability, every estimator is the mean over slates of the sum over positions of w r (over the mean
 * w of all rows, or of the rows of that position) but for the last two.
 */
const definitions = {
  'standard-ips': { kind: 'slate' },
  'independent-ips': { kind: 'position' },
  'reward-interaction-ips': { kind: 'cascade' },
  'standard-snips': { kind: 'slate', normalisedBy: 'rows' },
  'independent-snips': { kind: 'position', normalisedBy: 'position' },
  'reward-interaction-snips': { kind: 'cascade', normalisedBy: 'position' },
  'cascade-dr': { kind: 'cascade' },
  'pseudo-inverse': { kind: 'position' },
} as const satisfies Record<string, { kind: keyof RankedProbabilities; normalisedBy?: 'rows' | 'position' }>;

/** One of RANKED_ESTIMATORS. */
export type RankedEstimatorName = keyof typeof definitions;
/** Names that `estimateRanked` takes; docs/estimators.md has the formula and source of each. */
export const RANKED_ESTIMATORS = Object.keys(definitions) as RankedEstimatorName[];

/**
 * The value of a policy that ranks items, per slate: the sum of the rewards of its positions.
 *
 * - standard-ips and -snips (weight of the slate), independent- (of the item at its position; Li et al., KDD 2018) and
 *   reward-interaction- (of the items so far; McInerney et al., KDD 2020).
 * - cascade-dr (Kiyohara et al., WSDM 2022): w (r - q(item)) + w_before sum_a policy(a) q(a), w_before the weight up to the position before.
 * - pseudo-inverse (Swaminathan et al., NeurIPS 2017, example 4): (1 - L + sum of item weights) times the slate's reward, for logging
 *   policies that choose positions independently.
 *
 * `contributions` are per slate, [N]; `weights` and `rewards` per row, but per slate for pseudo-inverse.
 *
 * @throws UsageError ESTIMATOR_UNKNOWN, ESTIMATE_NEEDS; DataError ESTIMATE_INPUT, WEIGHTS_VANISH
 */
export function estimateRanked(log: RankedLog, name: string): ScalarEstimate {
  if (!Object.hasOwn(definitions, name)) {
    throw new UsageError(
      'ESTIMATOR_UNKNOWN',
      `There is no estimator ${describeValue(name)} of ranked slates; choose one of ${RANKED_ESTIMATORS.join(', ')}.`,
    );
  }
  const definition: { kind: keyof RankedProbabilities; normalisedBy?: 'rows' | 'position' } =
    definitions[name as RankedEstimatorName];
  const input = new CheckedInput(name, log.reward?.length);
  const rewards = input.column('reward', log.reward, finite);
  const slates = new Slates(input, log.slateOffsets);
  const { kind, normalisedBy } = definition;
  const below = input.column(`propensity.${kind}`, log.propensity?.[kind], propensity);
  const weights = input.column(`policy.${kind}`, log.policy?.[kind], probability).map((p, row) => p / below[row]!);
  if (name === 'pseudo-inverse') return pseudoInverse(slates, weights, rewards);
  const shared = { weights, rewards, importance: false };
  if (name === 'cascade-dr')
    return { ...ofMean(slates.sums(cascadeTerms(log, input, slates, weights, rewards))), ...shared };
  const products = weights.map((w, row) => w * rewards[row]!);
  if (!normalisedBy) return { ...ofMean(slates.sums(products)), ...shared };
  const ratios =
    normalisedBy === 'rows' ? [slates.ratio(products, weights)] : slates.ratiosByPosition(products, weights);
  const vanished = ratios.findIndex(({ denominator }) => sum(denominator) === 0);
  if (vanished >= 0) {
    const where = normalisedBy === 'rows' ? '' : ` at position ${vanished}`;
    throw new DataError(
      'WEIGHTS_VANISH',
      `Estimator ${name} divides by the sum of the weights, and every weight${where} is 0.`,
    );
  }
  return { ...ofRatios(ratios), ...shared };
}

function cascadeTerms(
  log: RankedLog,
  input: CheckedInput,
  slates: Slates,
  weights: Float64Array,
  rewards: Float64Array,
): Float64Array {
  const k = input.actions(log.k);
  const qHat = input.column('qHat', log.qHat, finite, k);
  const policy = input.distributions('policyOfItems', log.policyOfItems, k);
  const action = input.indices('action', log.action, k);
  const terms = new Float64Array(weights.length);
  slates.forEach((_, position, row) => {
    let expected = 0;
    for (let a = 0; a < k; a++) expected += policy[row * k + a]! * qHat[row * k + a]!;
    const before = position === 0 ? 1 : weights[row - 1]!;
    terms[row] = weights[row]! * (rewards[row]! - qHat[row * k + action[row]!]!) + before * expected;
  });
  return terms;
}

function pseudoInverse(slates: Slates, itemWeights: Float64Array, itemRewards: Float64Array): ScalarEstimate {
  const rewards = slates.sums(itemRewards);
  // 1 + sum over positions of (w - 1).
  const weights = slates.sums(itemWeights.map((w) => w - 1)).map((excess) => 1 + excess);
  return { ...ofMean(weights.map((w, slate) => w * rewards[slate]!)), weights, rewards, importance: false };
}

function ofMean(contributions: Float64Array) {
  return { value: statisticValue(meanOf(contributions)), contributions, numerator: contributions };
}

function ofRatios(ratios: Ratio[]) {
  const statistic = ratios.reduceRight<Statistic | undefined>((rest, { numerator, denominator }) => {
    const ratio = ratioOf(numerator, denominator);
    return rest ? { ...ratio, plus: rest } : ratio;
  }, undefined)!;
  const contributions = new Float64Array(ratios[0]!.numerator.length);
  for (const { numerator, denominator } of ratios) {
    const mean = sum(denominator) / denominator.length;
    for (let i = 0; i < contributions.length; i++) contributions[i]! += numerator[i]! / mean;
  }
  const [first, ...plus] = ratios as [Ratio, ...Ratio[]];
  return { value: statisticValue(statistic), contributions, ...first, ...(plus.length > 0 ? { plus } : {}) };
}

import { describeValue, UsageError } from '../../errors.js';
import type { LikelihoodName } from './likelihood.js';
import { transforms, type WeightTransformName } from './transforms.js';

/**
 * One estimator of the value of a policy from a log of single actions. With DM_i = sum_j pi(j|i) q(i,j) and the weights
 * h = transform(w), every one of them is the mean over rounds of
 *
 *     [DM_i if model] + h_i (r_i - [q(i, a_i) if model]) / [mean(h) if selfNormalised]
 */
export interface ScalarDefinition {
  /**
   * What w_i is: pi(a_i|i) / p_i, whether pi chooses a_i for certain, an importance weight estimated elsewhere, or nothing
   * (the second term is then absent).
   */
  weight: 'importance' | 'match' | 'estimated' | 'none';
  transform?: WeightTransformName;
  model?: true;
  selfNormalised?: true;
  /** The one exception: rounds are reweighted so that the mean weight is 1 (see `likelihoods`). */
  likelihood?: LikelihoodName;
}

const definitions = {
  replay: { weight: 'match', selfNormalised: true },
  ips: { weight: 'importance', transform: 'clip' },
  snips: { weight: 'importance', transform: 'clip', selfNormalised: true },
  dm: { weight: 'none', model: true },
  dr: { weight: 'importance', transform: 'clip', model: true },
  sndr: { weight: 'importance', transform: 'clip', model: true, selfNormalised: true },
  'switch-dr': { weight: 'importance', transform: 'switch', model: true },
  dros: { weight: 'importance', transform: 'shrinkage', model: true },
  'sg-ips': { weight: 'importance', transform: 'sub-gaussian' },
  'sg-dr': { weight: 'importance', transform: 'sub-gaussian', model: true },
  'balanced-ips': { weight: 'estimated', transform: 'clip', selfNormalised: true },
  'power-ips': { weight: 'importance', transform: 'power' },
  'empirical-likelihood': { weight: 'importance', likelihood: 'empirical-likelihood' },
  'cressie-read': { weight: 'importance', likelihood: 'cressie-read' },
  'psis-ips': { weight: 'importance', transform: 'pareto', selfNormalised: true },
} satisfies Record<string, ScalarDefinition>;

/** One of SCALAR_ESTIMATORS. */
export type ScalarEstimatorName = keyof typeof definitions;
/** Names that `estimate` takes; docs/estimators.md has the formula and source of each. */
export const SCALAR_ESTIMATORS = Object.keys(definitions) as ScalarEstimatorName[];

/** @throws UsageError ESTIMATOR_UNKNOWN with the names that exist */
export function definitionOf(name: string): ScalarDefinition {
  if (Object.hasOwn(definitions, name)) return definitions[name as ScalarEstimatorName];
  throw new UsageError(
    'ESTIMATOR_UNKNOWN',
    `There is no estimator ${describeValue(name)}; choose one of ${SCALAR_ESTIMATORS.join(', ')}.`,
  );
}

/** The lambda of an estimator, its neutral one by default. @throws UsageError ESTIMATE_OPTION */
export function lambdaOf(name: string, { transform }: ScalarDefinition, lambda: number | undefined): number {
  const rule = transform && transforms[transform];
  if (lambda === undefined) return rule?.lambda?.neutral ?? Number.NaN;
  if (!rule?.lambda) throw new UsageError('ESTIMATE_OPTION', `Estimator ${name} has no lambda; leave the option out.`);
  if (typeof lambda === 'number' && rule.lambda.holds(lambda)) return lambda;
  throw new UsageError(
    'ESTIMATE_OPTION',
    `Option lambda of ${name}, which uses ${rule.formula}, must be ${rule.lambda.expected}; got ${describeValue(lambda)}.`,
  );
}

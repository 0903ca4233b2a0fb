/** @file Large logs in native code: the same formulas and checks as in `columnsOf` and `assemble`, and the same bits. */
import { isNativeTransform, type ScalarTermsRequest, scalarSums, scalarTerms } from '../../native/estimates.js';
import { PROBABILITY_SLACK } from './checked-input.js';
import type { ScalarDefinition } from './definitions.js';
import type { EstimateOptions } from './estimate.js';
import type { ScalarLog } from './input.js';

/** Below this calls cost more than they save. */
const FEWEST_ROUNDS = 4096;

/**
 * Weights, terms and their exact sums of a log in typed arrays (Float64Array; actions Int32Array); null where the log is small, has other
 * arrays, or is not what the estimator needs: the slower way takes it, or says what is wrong with it.
 */
export function nativeTerms(...log: Parameters<typeof requestOf>) {
  const request = requestOf(...log);
  return request && scalarTerms(request);
}

/** The same without the terms: their sums, and over how many rounds. */
export function nativeSums(...log: Parameters<typeof requestOf>) {
  const request = requestOf(...log);
  const sums = request && scalarSums(request);
  return sums && { sums, rounds: request.rounds };
}

function requestOf(
  log: ScalarLog,
  { weight, transform, model, selfNormalised, likelihood }: ScalarDefinition,
  lambda: number,
  { estimatedPropensity }: Pick<EstimateOptions, 'estimatedPropensity'>,
): ScalarTermsRequest | null {
  const weighted = weight === 'importance';
  if (likelihood || !(weighted || weight === 'none') || (log.policy && log.policyOfAction)) return null;
  if (weighted && !(transform && isNativeTransform(transform))) return null;
  const actions = log.policy || model ? log.k : 0;
  if (actions === undefined || !Number.isInteger(actions) || (log.policy && actions < 1)) return null;
  const rounds = weighted ? log.reward?.length : (log.reward ?? log.policyOfAction)?.length;
  const n = rounds ?? (log.policy?.length ?? 0) / actions;
  if (!(Number.isInteger(n) && n >= FEWEST_ROUNDS)) return null;
  const policy = doubles(log.policy ?? log.policyOfAction, actions > 0 ? n * actions : n);
  const qHat = model ? doubles(log.qHat, n * actions) : undefined;
  if (!policy || qHat === null) return null;
  const shared = { policy, qHat, rounds: n, actions, slack: PROBABILITY_SLACK };
  if (!weighted) return { ...shared, transform: 'clip', lambda: Infinity, selfNormalised: false };
  const reward = doubles(log.reward, n);
  const propensity = doubles(estimatedPropensity ?? log.propensity, n);
  const action = actions > 0 ? integers(log.action, n) : undefined;
  if (!reward || !propensity || action === null || !(transform && isNativeTransform(transform))) return null;
  return { ...shared, reward, propensity, action, transform, lambda, selfNormalised: selfNormalised ?? false };
}

function doubles(values: ArrayLike<number> | undefined, length: number): Float64Array | null {
  return values instanceof Float64Array && values.length === length ? values : null;
}

function integers(values: ArrayLike<number> | undefined, length: number): Int32Array | null {
  return values instanceof Int32Array && values.length === length ? values : null;
}

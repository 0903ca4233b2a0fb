/** Native sums and terms of estimates from logs of single actions. Synchronous; the bits depend on no number of threads. */
import { NativeError } from '../errors.js';
import { loadAddon } from './loader.js';

/** In the order of native/kernels/estimates/scalar_terms.h. */
const transforms = ['clip', 'switch', 'shrinkage', 'sub-gaussian'] as const;
export type NativeTransform = (typeof transforms)[number];

export function isNativeTransform(name: string): name is NativeTransform {
  return (transforms as readonly string[]).includes(name);
}

export interface ScalarTermsRequest {
  /** [n]; without rewards there are no weights either. */
  reward?: Float64Array | undefined;
  /** [n] */
  propensity?: Float64Array | undefined;
  /** [n * actions], or [n], of the logged actions, where `actions` is 0. */
  policy: Float64Array;
  /** [n] */
  action?: Int32Array | undefined;
  /** [n * actions] */
  qHat?: Float64Array | undefined;
  rounds: number;
  actions: number;
  transform: NativeTransform;
  lambda: number;
  /** How far probabilities and their sums may be off. */
  slack: number;
  /** Sum the weights too, and keep the model's values apart from the weighted residuals. */
  selfNormalised: boolean;
}

/** Exact sums, rounded once: of weights (0 unless `selfNormalised`), numerator and baseline (0 unless that is kept apart). */
export interface TermSums {
  weights: number;
  numerator: number;
  baseline: number;
}

export interface ScalarTerms {
  /** [n]; null without rewards. */
  weights: Float64Array | null;
  /** [n], h (r - q), plus the model's value unless that is kept apart. */
  numerator: Float64Array;
  /** [n]; null unless it is kept apart. */
  baseline: Float64Array | null;
  /** [n], numerator / mean(weights), plus the baseline: what each round adds to a self-normalised value; else null. */
  contributions: Float64Array | null;
  sums: TermSums;
}

/** Null where an input is not what it must be: who asked then finds out what, and says so. */
export function scalarTerms(request: ScalarTermsRequest): ScalarTerms | null {
  const { rounds } = request;
  const weights = request.reward ? new Float64Array(rounds) : null;
  const numerator = new Float64Array(rounds);
  const baseline = request.qHat && request.selfNormalised ? new Float64Array(rounds) : null;
  const contributions = request.selfNormalised ? new Float64Array(rounds) : null;
  const sums = computed(request, { weights, numerator, baseline, contributions });
  return sums && { weights, numerator, baseline, contributions, sums };
}

/** The sums of `scalarTerms` without the terms: one pass over the log, and no array of its length. */
export function scalarSums(request: ScalarTermsRequest): TermSums | null {
  return computed(request, { weights: null, numerator: null, baseline: null, contributions: null });
}

function computed(
  request: ScalarTermsRequest,
  {
    weights,
    numerator,
    baseline,
    contributions,
  }: Omit<ScalarTerms, 'numerator' | 'sums'> & { numerator: Float64Array | null },
): TermSums | null {
  const { reward, propensity, policy, action, qHat, rounds, actions, transform, lambda, slack } = request;
  const sums = new Float64Array(3);
  const inputs = [reward ?? null, propensity ?? null, policy, action ?? null, qHat ?? null];
  const selfNormalised = Number(request.selfNormalised);
  const dims = [rounds, actions, transforms.indexOf(transform), selfNormalised, selfNormalised];
  const outputs = [weights, numerator, baseline, sums, contributions];
  const run = () => loadAddon().runSync('scalar_terms', inputs, outputs, dims, [lambda, slack]);
  if (!succeeds(run)) return null;
  return { weights: sums[0]!, numerator: sums[1]!, baseline: sums[2]! };
}

/** The sum of the values, correctly rounded; null where a value, or the sum, is not finite. */
export function nativeExactSum(values: Float64Array): number | null {
  const sum = new Float64Array(1);
  const run = () => loadAddon().runSync('exact_sum', [values], [sum], [values.length], []);
  return succeeds(run) ? sum[0]! : null;
}

function succeeds(run: () => void): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if (error instanceof NativeError && ['OUT_OF_RANGE', 'NON_FINITE'].includes(error.code)) return false;
    throw error;
  }
}

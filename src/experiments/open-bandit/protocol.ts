import { setImmediate } from 'node:timers/promises';
import { interval } from '../../estimators/intervals.js';
import { Random } from '../../estimators/random.js';
import { crossFitActions } from '../../estimators/reward-models/cross-fit.js';
import { estimate, type ScalarEstimate } from '../../estimators/scalar/estimate.js';
import type { ScalarLog } from '../../estimators/scalar/input.js';
import { tune } from '../../estimators/scalar/tune.js';
import type { BanditFeedback, BanditPolicy } from './feedback.js';

export interface ProtocolOptions {
  /** Resamples of the log; default 200. */
  resamples?: number;
  seed?: number;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

export interface ProtocolRow {
  estimator: string;
  /** From the log as it is. */
  value: number;
  /** 95 % percentile interval of the values of the resamples. */
  low: number;
  high: number;
  /** Mean of |value - on-policy mean| / on-policy mean over the resamples, and its 95 % interval. */
  relativeError: number;
  relativeErrorLow: number;
  relativeErrorHigh: number;
  /** Difference of value and on-policy mean over the standard error of both. */
  standardErrorsOff: number;
}

export interface Protocol {
  policy: BanditPolicy;
  log: BanditPolicy;
  rounds: number;
  clicks: number;
  onPolicy: { value: number; standardError: number; rounds: number; clicks: number };
  resamples: number;
  rows: ProtocolRow[];
}

/** With the parameters of their weights, from which the bound of the mean squared error chooses: SLOPE takes what is narrow for biased. */
const LAMBDAS = [1, 5, 10, 50, 100, 500, Infinity];
const SHARES = [0, 0.01, 0.03, 0.1, 0.3, 1];
const ESTIMATORS: readonly [name: string, lambdas?: readonly number[]][] = [
  ['ips'],
  ['snips'],
  ['dm'],
  ['dr'],
  ['sndr'],
  ['switch-dr', LAMBDAS],
  ['dros', LAMBDAS],
  ['sg-ips', SHARES],
  ['sg-dr', SHARES],
];

/**
 * The protocol of the Open Bandit data: what policy A earns is estimated from the log of policy B and compared with the mean that A
 * earned itself; how far off estimators are is averaged over resamples of B's log. The reward model is a cross-fitted logistic one of
 * position, item features and their products, fitted anew to each resample.
 *
 * A policy whose propensities never change is taken as they say. Thompson sampling changed as it learned: its probabilities are then the
 * shares of its own rounds, so that what is valued is its mean over time.
 */
export async function openBanditProtocol(
  logs: Readonly<Record<BanditPolicy, BanditFeedback>>,
  policy: BanditPolicy,
  options: ProtocolOptions = {},
): Promise<Protocol> {
  const { resamples = 200, seed = 0, signal, onProgress } = options;
  const log: BanditPolicy = policy === 'random' ? 'bts' : 'random';
  const feedback = logs[log];
  const probabilities = probabilitiesOf(logs[policy]);
  const onPolicy = onPolicyOf(logs[policy]);
  const n = feedback.click.length;
  const whole = valuesOf(
    feedback,
    probabilities,
    Array.from({ length: n }, (_, i) => i),
  );
  const values = ESTIMATORS.map(() => new Float64Array(resamples));
  for (let b = 0; b < resamples; b++) {
    signal?.throwIfAborted();
    const random = new Random(seed, b);
    const drawn = Array.from({ length: n }, () => random.integer(n));
    for (const [e, { value }] of valuesOf(feedback, probabilities, drawn).entries()) values[e]![b] = value;
    onProgress?.(b + 1, resamples);
    await setImmediate();
  }
  const rows = ESTIMATORS.map(([estimator], e): ProtocolRow => {
    const { value } = whole[e]!;
    const errors = values[e]!.map((x) => Math.abs(x - onPolicy.value) / onPolicy.value);
    const spread = interval(errors, 'bootstrap-percentile', { seed });
    const sorted = values[e]!.toSorted();
    const mean = sorted.reduce((total, x) => total + x, 0) / resamples;
    const variance = sorted.reduce((total, x) => total + (x - mean) ** 2, 0) / (resamples - 1);
    return {
      estimator,
      value,
      low: sorted[Math.floor(0.025 * resamples)]!,
      high: sorted[Math.ceil(0.975 * resamples) - 1]!,
      relativeError: errors.reduce((total, x) => total + x, 0) / resamples,
      relativeErrorLow: spread.low,
      relativeErrorHigh: spread.high,
      standardErrorsOff: (value - onPolicy.value) / Math.hypot(Math.sqrt(variance), onPolicy.standardError),
    };
  });
  const clicks = feedback.click.reduce((total, click) => total + click, 0);
  return { policy, log, rounds: n, clicks, onPolicy, resamples, rows };
}

function onPolicyOf({ click }: BanditFeedback): Protocol['onPolicy'] {
  const rounds = click.length;
  const clicks = click.reduce((total, one) => total + one, 0);
  const value = clicks / rounds;
  return { value, standardError: Math.sqrt((value * (1 - value)) / (rounds - 1)), rounds, clicks };
}

/** [positions * items] */
function probabilitiesOf({ item, position, propensity, items, positions }: BanditFeedback): Float64Array {
  const shown = new Float64Array(positions * items);
  const logged = new Float64Array(positions * items);
  const rounds = new Float64Array(positions);
  let changes = false;
  for (const [i, place] of position.entries()) {
    const at = place * items + item[i]!;
    if (shown[at]! > 0 && logged[at] !== propensity[i]) changes = true;
    logged[at] = propensity[i]!;
    shown[at]!++;
    rounds[place]!++;
  }
  return changes ? shown.map((count, at) => count / rounds[Math.floor(at / items)]!) : logged;
}

function valuesOf(feedback: BanditFeedback, probabilities: Float64Array, drawn: number[]): ScalarEstimate[] {
  const { items: k, positions, itemFeatures } = feedback;
  const of = (column: ArrayLike<number>) => Float64Array.from(drawn, (i) => column[i]!);
  const [reward, action, place] = [of(feedback.click), of(feedback.item), of(feedback.position)];
  const n = drawn.length;
  const context = Float64Array.from({ length: n * (positions - 1) }, (_, at) =>
    Number(place[Math.floor(at / (positions - 1))] === at % (positions - 1)),
  );
  const features = { reward, action, k, context, actionFeatures: itemFeatures };
  const log: ScalarLog = {
    reward,
    action,
    k,
    propensity: of(feedback.propensity),
    policy: Float64Array.from({ length: n * k }, (_, at) => probabilities[place[Math.floor(at / k)]! * k + (at % k)]!),
    // A round that was drawn twice is predicted by a model that saw neither copy.
    qHat: crossFitActions(features, { kind: 'logistic', folds: 3, clusters: drawn }),
  };
  return ESTIMATORS.map(([name, lambdas]) =>
    lambdas ? tune(log, name, { lambdas, method: 'mse' }).estimate : estimate(log, name),
  );
}

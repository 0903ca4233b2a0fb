import { DataError, describeValue, UsageError } from '../../errors.js';
import { statisticOf } from '../intervals/input.js';
import { standardError } from '../statistic.js';
import { CheckedInput, propensity } from './checked-input.js';
import { definitionOf } from './definitions.js';
import { type EstimateOptions, estimate, type ScalarEstimate } from './estimate.js';
import type { ScalarLog } from './input.js';

export const LOGGER_COMBINATIONS = ['naive', 'weighted', 'balanced'] as const;
export type LoggerCombination = (typeof LOGGER_COMBINATIONS)[number];

/** A log that several policies wrote; `propensity` is that of the policy that chose the action. */
export interface LoggersLog extends ScalarLog {
  /** [n], the policy that chose the action: integers from 0 to loggers - 1. */
  logger?: ArrayLike<number> | undefined;
  /** Number of logging policies; each has written at least one round. */
  loggers?: number | undefined;
  /** [n * loggers], row-major: the probability of the logged action under each logging policy, for 'balanced'. */
  propensityOfLoggers?: ArrayLike<number> | undefined;
}

export interface LoggersOptions extends EstimateOptions {
  combine: LoggerCombination;
}

/**
 * The value of a policy from a log that several policies wrote (Agarwal, Basu, Schnabel & Joachims, "Effective evaluation using logged
 * bandit feedback from multiple loggers", KDD 2017; doubly robust forms: Kallus, Saito & Uehara, ICML 2021), by any estimator
 * with importance weights. n_l of the n rounds are of logger l.
 *
 * - 'naive': each round weighted by the propensity of its own logger, all rounds alike.
 * - 'weighted': sum_l share_l V_l, where V_l comes from the rounds of logger l alone and share_l is proportional to the
 *   inverse of its estimated variance.
 * - 'balanced': pi(a|i) / sum_l (n_l / n) pi0_l(a|i), the mixture of the loggers as the one policy that wrote the log. Never a
 *   larger variance than 'naive' for ips, and enough that one logger supports an action.
 *
 * @throws as `estimate`; UsageError ESTIMATE_NEEDS, ESTIMATE_OPTION
 * @throws DataError ESTIMATE_INPUT where a logger has no rounds or, for 'weighted', rounds without variance
 */
export function estimateLoggers(log: LoggersLog, name: string, options: LoggersOptions): ScalarEstimate {
  const { combine, ...rest } = options;
  const definition = definitionOf(name);
  if (definition.weight !== 'importance') {
    throw new UsageError(
      'ESTIMATE_OPTION',
      `Estimator ${name} has no propensities, so there are no loggers to combine.`,
    );
  }
  if (combine === 'naive') return estimate(log, name, rest);
  const input = new CheckedInput(name, log.reward?.length);
  const rounds = roundsOfLoggers(log, input);
  if (combine === 'balanced')
    return estimate(log, name, { ...rest, estimatedPropensity: mixture(log, input, rounds, rest) });
  if (combine === 'weighted') return byVariance(log, name, rest, rounds);
  throw new UsageError(
    'ESTIMATE_OPTION',
    `Option combine must be one of ${LOGGER_COMBINATIONS.join(', ')}; got ${describeValue(combine)}.`,
  );
}

/** The rounds of each logger. */
function roundsOfLoggers(log: LoggersLog, input: CheckedInput): number[][] {
  const { loggers } = log;
  if (loggers === undefined) throw input.needs('loggers, the number of logging policies');
  const rounds = Array.from({ length: loggers }, (): number[] => []);
  for (const [i, logger] of input.indices('logger', log.logger, loggers).entries()) rounds[logger]!.push(i);
  const empty = rounds.findIndex((own) => own.length === 0);
  if (empty < 0) return rounds;
  throw new DataError('ESTIMATE_INPUT', `Logger ${empty} of ${loggers} has no rounds; leave it out of the log.`);
}

/** sum_l (n_l / n) pi0_l(a_i|i), [n]. */
function mixture(log: LoggersLog, input: CheckedInput, rounds: number[][], options: EstimateOptions): Float64Array {
  if (options.estimatedPropensity) {
    throw new UsageError(
      'ESTIMATE_OPTION',
      'combine balanced takes the propensities of all loggers (propensityOfLoggers); leave estimatedPropensity out.',
    );
  }
  const count = rounds.length;
  const rule = { expected: 'a probability between 0 and 1', holds: (p: number) => p === 0 || propensity.holds(p) };
  const each = input.column('propensityOfLoggers', log.propensityOfLoggers, rule, count);
  const shares = rounds.map((own) => own.length / input.rounds);
  return Float64Array.from({ length: input.rounds }, (_, i) => {
    const own = each[i * count + log.logger![i]!]!;
    if (own === 0) {
      throw new DataError(
        'ESTIMATE_INPUT',
        `Round ${i}: propensityOfLoggers says that its own logger ${log.logger![i]} never chooses the logged action.`,
      );
    }
    return shares.reduce((total, share, l) => total + share * each[i * count + l]!, 0);
  });
}

/** Strata combined by inverse variance, each kept as a ratio of its own, so that intervals resample the strata's sizes too. */
function byVariance(log: LoggersLog, name: string, options: EstimateOptions, rounds: number[][]): ScalarEstimate {
  const n = rounds.reduce((total, own) => total + own.length, 0);
  const strata = rounds.map((own) => ({ own, part: estimate(...selectRounds(log, own, options, name)) }));
  const precisions = strata.map(({ own, part }, l) => {
    const variance = standardError(statisticOf(part)) ** 2 * (own.length - 1);
    if (variance > 0) return own.length / variance;
    throw new DataError(
      'ESTIMATE_INPUT',
      `The ${own.length} rounds of logger ${l} show no variance, so inverse variances cannot weight the loggers; combine naive or balanced.`,
    );
  });
  const total = precisions.reduce((sum, precision) => sum + precision, 0);
  const scatter = (own: number[], values: Float64Array, factor: number) => {
    const column = new Float64Array(n);
    for (const [at, i] of own.entries()) column[i] = factor * values[at]!;
    return column;
  };
  const contributions = new Float64Array(n);
  const weights = new Float64Array(n);
  let value = 0;
  const ratios = strata.flatMap(({ own, part }, l) => {
    const share = precisions[l]! / total;
    value += share * part.value;
    for (const [at, i] of own.entries()) {
      contributions[i] = ((share * n) / own.length) * part.contributions[at]!;
      weights[i] = part.weights![at]!;
    }
    const ones = new Float64Array(own.length).fill(1);
    return [{ numerator: part.numerator, denominator: part.denominator ?? ones }, ...(part.plus ?? [])].map(
      (ratio) => ({
        numerator: scatter(own, ratio.numerator, share),
        denominator: scatter(own, ratio.denominator, 1),
      }),
    );
  });
  const [first, ...plus] = ratios as [(typeof ratios)[0], ...typeof ratios];
  const rewards = Float64Array.from(log.reward!);
  const range = options.range ? { range: options.range } : {};
  return { value, contributions, ...first, plus, weights, rewards, importance: false, ...range };
}

/** The arguments of `estimate` for some rounds of a log. */
function selectRounds(
  log: ScalarLog,
  rounds: number[],
  options: EstimateOptions,
  name: string,
): [ScalarLog, string, EstimateOptions] {
  const pick = (values: ArrayLike<number> | undefined, width = 1) =>
    values &&
    Float64Array.from({ length: rounds.length * width }, (_, at) => {
      return values[rounds[Math.floor(at / width)]! * width + (at % width)]!;
    });
  const part: ScalarLog = {
    reward: pick(log.reward),
    action: pick(log.action),
    propensity: pick(log.propensity),
    policyOfAction: pick(log.policyOfAction),
    policy: pick(log.policy, log.k),
    qHat: pick(log.qHat, log.k),
    k: log.k,
  };
  return [part, name, { ...options, estimatedPropensity: pick(options.estimatedPropensity) }];
}

import { DataError, describeValue, UsageError } from '../../errors.js';
import { CheckedInput, propensity } from './checked-input.js';
import { definitionOf } from './definitions.js';
import { type EstimateOptions, estimate, type ScalarEstimate } from './estimate.js';
import type { ScalarLog } from './input.js';
import { combineByVariance, type LoggerOf, roundsOfLoggers } from './strata.js';

/** How rounds of several logging policies are weighted (Agarwal et al., "Effective evaluation using logged bandit feedback from multiple loggers", KDD 2017). */
export const LOGGER_COMBINATIONS = ['naive', 'weighted', 'balanced'] as const;
/** One of LOGGER_COMBINATIONS. */
export type LoggerCombination = (typeof LOGGER_COMBINATIONS)[number];

/** A log that several policies wrote; `propensity` is that of the policy that chose the action. */
export interface LoggersLog extends ScalarLog, LoggerOf {
  /** [n * loggers], row-major: the probability of the logged action under each logging policy, for 'balanced'. */
  propensityOfLoggers?: ArrayLike<number> | undefined;
}

/** As EstimateOptions, and how the logging policies are combined. */
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
  if (combine === 'weighted') {
    const range = rest.range ? { range: rest.range } : {};
    const combined = combineByVariance(rounds, Float64Array.from(log.reward!), (own) =>
      estimate(...selectRounds(log, own, rest, name)),
    );
    return { ...combined, ...range };
  }
  throw new UsageError(
    'ESTIMATE_OPTION',
    `Option combine must be one of ${LOGGER_COMBINATIONS.join(', ')}; got ${describeValue(combine)}.`,
  );
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

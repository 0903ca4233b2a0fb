import { DataError } from '../../errors.js';
import { statisticOf } from '../intervals/input.js';
import { standardError } from '../statistic.js';
import type { CheckedInput } from './checked-input.js';
import type { ScalarEstimate } from './estimate.js';

/** Which policy wrote each round, or each set. */
export interface LoggerOf {
  /** [n], the policy that chose: integers from 0 to loggers - 1. */
  logger?: ArrayLike<number> | undefined;
  /** Number of logging policies; each has written at least one round. */
  loggers?: number | undefined;
}

/** The rounds of each logger. */
export function roundsOfLoggers(log: LoggerOf, input: CheckedInput): number[][] {
  const { loggers } = log;
  if (loggers === undefined) throw input.needs('loggers, the number of logging policies');
  const rounds = Array.from({ length: loggers }, (): number[] => []);
  for (const [i, logger] of input.indices('logger', log.logger, loggers).entries()) rounds[logger]!.push(i);
  const empty = rounds.findIndex((own) => own.length === 0);
  if (empty < 0) return rounds;
  throw new DataError('ESTIMATE_INPUT', `Logger ${empty} of ${loggers} has no rounds; leave it out of the log.`);
}

/**
 * sum_l share_l V_l with share_l proportional to the inverse of the estimated variance of V_l, which `estimateOf` makes of the rounds
 * of logger l. Each stays a ratio of its own, so that intervals resample the strata's sizes too.
 *
 * @throws DataError ESTIMATE_INPUT for a logger whose rounds show no variance
 */
export function combineByVariance(
  rounds: readonly number[][],
  rewards: Float64Array,
  estimateOf: (rounds: number[]) => ScalarEstimate,
): ScalarEstimate {
  const n = rounds.reduce((total, own) => total + own.length, 0);
  const strata = rounds.map((own) => ({ own, part: estimateOf(own) }));
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
  return { value, contributions, ...first, plus, weights, rewards, importance: false };
}

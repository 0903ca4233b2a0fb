import { describe, expect, it } from 'vitest';
import { interval } from '../../../src/estimators/intervals.js';
import { Random } from '../../../src/estimators/random.js';
import { estimate } from '../../../src/estimators/scalar/estimate.js';
import { estimateLoggers, type LoggersLog, type LoggersOptions } from '../../../src/estimators/scalar/loggers.js';

const LOGGERS = [
  [0.7, 0.2, 0.1],
  [0.05, 0.15, 0.8],
];
const TARGET = [0.2, 0.2, 0.6];
const SUCCESS = [0.3, 0.8, 0.5];
const TRUTH = TARGET.reduce((total, p, a) => total + p * SUCCESS[a]!, 0);

/** Rounds 0 .. n/3 are of logger 0, the others of logger 1. */
function logged(n: number, seed: number): LoggersLog & { reward: number[]; action: number[] } {
  const random = new Random(seed);
  const logger = Array.from({ length: n }, (_, i) => Number(i >= n / 3));
  const action = logger.map((l) => random.categorical(LOGGERS[l]!));
  return {
    reward: action.map((a) => Number(random.uniform() < SUCCESS[a]!)),
    action,
    logger,
    loggers: 2,
    propensity: action.map((a, i) => LOGGERS[logger[i]!]![a]!),
    propensityOfLoggers: action.flatMap((a) => LOGGERS.map((row) => row[a]!)),
    policy: action.flatMap(() => TARGET),
    qHat: action.flatMap(() => [0.4, 0.6, 0.5]),
    k: 3,
  };
}

const tiny: LoggersLog = {
  reward: [1, 0, 2, 1, 0],
  action: [0, 1, 0, 1, 0],
  logger: [0, 0, 1, 1, 1],
  loggers: 2,
  propensity: [0.5, 0.5, 0.25, 0.75, 0.25],
  propensityOfLoggers: [0.5, 0.25, 0.5, 0.75, 0.5, 0.25, 0.5, 0.75, 0.5, 0.25],
  policyOfAction: [0.4, 0.6, 0.4, 0.6, 0.4],
};

describe('several logging policies', () => {
  it('combine naively as one log', () => {
    expect(estimateLoggers(tiny, 'ips', { combine: 'naive' })).toEqual(estimate(tiny, 'ips'));
  });

  it('combine balanced as the log of their mixture', () => {
    // Loggers wrote 2 and 3 of 5 rounds: action 0 has 0.4 * 0.5 + 0.6 * 0.25, action 1 the rest.
    const { weights, value } = estimateLoggers(tiny, 'ips', { combine: 'balanced' });
    const w = [0.4 / 0.35, 0.6 / 0.65];
    expect(weights).toHaveLength(5);
    for (const [i, a] of [0, 1, 0, 1, 0].entries()) expect(weights![i]).toBeCloseTo(w[a]!, 14);
    expect(value).toBeCloseTo((w[0]! * 3 + w[1]!) / 5, 14);
  });

  it('combine by inverse variance', () => {
    const { value, contributions } = estimateLoggers(tiny, 'ips', { combine: 'weighted' });
    const strata = [
      [0.8, 0],
      [3.2, 0.8, 0],
    ].map((x) => {
      const mean = x.reduce((a, b) => a + b) / x.length;
      return { mean, precision: x.length / (x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length) };
    });
    const total = strata[0]!.precision + strata[1]!.precision;
    const wanted = (strata[0]!.mean * strata[0]!.precision + strata[1]!.mean * strata[1]!.precision) / total;
    expect(value).toBeCloseTo(wanted, 13);
    expect(contributions.reduce((a, b) => a + b) / 5).toBeCloseTo(wanted, 13);
  });

  it.each(['naive', 'weighted', 'balanced'] as const)('%s finds the truth for every estimator', (combine) => {
    for (const name of ['ips', 'snips', 'dr', 'sndr', 'psis-ips']) {
      const { value } = estimateLoggers(logged(9_000, 1), name, { combine });
      expect(Math.abs(value - TRUTH), name).toBeLessThan(0.03);
    }
  });

  it('are steadier combined than taken naively, and t intervals cover about as they claim', () => {
    const LOGS = 150;
    const squares = { naive: 0, weighted: 0, balanced: 0 };
    const covered = { naive: 0, weighted: 0, balanced: 0 };
    for (let seed = 0; seed < LOGS; seed++) {
      for (const combine of ['naive', 'weighted', 'balanced'] as const) {
        const result = estimateLoggers(logged(300, 100 + seed), 'ips', { combine });
        const { low, high } = interval(result, 't', {});
        squares[combine] += (result.value - TRUTH) ** 2;
        covered[combine] += Number(low <= TRUTH && TRUTH <= high);
      }
    }
    expect(squares.weighted).toBeLessThan(squares.naive);
    expect(squares.balanced).toBeLessThan(squares.naive);
    for (const count of Object.values(covered)) expect(count / LOGS).toBeGreaterThan(0.95 - 0.06);
  });

  it('need only one supporter of an action when balanced', () => {
    const lopsided = { ...tiny, propensityOfLoggers: [0.5, 0, 0.5, 0.75, 0.5, 0.25, 0.5, 0.75, 0.5, 0.25] };
    expect(estimateLoggers(lopsided, 'ips', { combine: 'balanced' }).weights![0]).toBeCloseTo(0.4 / 0.2, 14);
  });

  const balanced: LoggersOptions = { combine: 'balanced' };
  it.each<[string, Partial<LoggersLog>, string, LoggersOptions, string, RegExp]>([
    ['an estimator without propensities', {}, 'dm', balanced, 'ESTIMATE_OPTION', /dm has no propensities/],
    ['no loggers', { loggers: undefined }, 'ips', balanced, 'ESTIMATE_NEEDS', /loggers/],
    ['no logger of a round', { logger: undefined }, 'ips', balanced, 'ESTIMATE_NEEDS', /needs logger/],
    ['a logger that does not exist', { logger: [0, 0, 1, 1, 2] }, 'ips', balanced, 'ESTIMATE_INPUT', /logger\[4\]/],
    ['a logger without rounds', { loggers: 3 }, 'ips', balanced, 'ESTIMATE_INPUT', /Logger 2 of 3 has no rounds/],
    ['no propensities of all', { propensityOfLoggers: undefined }, 'ips', balanced, 'ESTIMATE_NEEDS', /OfLoggers/],
    [
      'a round that its logger never wrote',
      { propensityOfLoggers: [0, 0.25, 0.5, 0.75, 0.5, 0.25, 0.5, 0.75, 0.5, 0.25] },
      'ips',
      balanced,
      'ESTIMATE_INPUT',
      /Round 0.*logger 0 never/,
    ],
    [
      'two kinds of propensities',
      {},
      'ips',
      { combine: 'balanced', estimatedPropensity: [1, 1, 1, 1, 1] },
      'ESTIMATE_OPTION',
      /leave estimatedPropensity out/,
    ],
    ['constant strata', { reward: [0, 0, 1, 2, 0] }, 'ips', { combine: 'weighted' }, 'ESTIMATE_INPUT', /logger 0 show/],
    ['another combination', {}, 'ips', { combine: 'best' as 'naive' }, 'ESTIMATE_OPTION', /naive, weighted, balanced/],
  ])('refuse %s', (_, change, name, options, code, message) => {
    const act = () => estimateLoggers({ ...tiny, ...change }, name, options);
    expect(act).toThrow(message);
    expect(act).toThrow(expect.objectContaining({ code }));
  });
});

/** @file What must hold of every estimator of scalar logs, whatever the log. */

import { describe, expect, it } from 'vitest';
import { interval } from '../../src/estimators/intervals.js';
import { SCALAR_ESTIMATORS, type ScalarEstimatorName } from '../../src/estimators/scalar/definitions.js';
import { type EstimateOptions, estimate, type ScalarEstimate } from '../../src/estimators/scalar/estimate.js';
import type { ScalarLog } from '../../src/estimators/scalar/input.js';
import { StreamingEstimate } from '../../src/estimators/scalar/streaming.js';
import fc from '../helpers/properties.js';

const K = 3;
const RUNS = { numRuns: 40 };

interface Log extends ScalarLog {
  reward: number[];
  action: number[];
  propensity: number[];
  policy: number[];
  qHat: number[];
  estimatedWeight: number[];
}

const share = fc.double({ min: 0.05, max: 1, noNaN: true });
const round = fc.record({
  reward: fc.double({ min: -2, max: 3, noNaN: true }),
  action: fc.nat(K - 1),
  logging: fc.tuple(share, share, share),
  target: fc.tuple(share, share, share),
  qHat: fc.tuple(share, share, share),
  estimatedWeight: fc.double({ min: 0.1, max: 4, noNaN: true }),
});
const normalised = (masses: number[]) => masses.map((mass) => mass / masses.reduce((a, b) => a + b));

function logOf(rounds: (typeof round extends fc.Arbitrary<infer T> ? T : never)[]): Log {
  return {
    reward: rounds.map(({ reward }) => reward),
    action: rounds.map(({ action }) => action),
    propensity: rounds.map(({ logging, action }) => normalised(logging)[action]!),
    policy: rounds.flatMap(({ target }) => normalised(target)),
    qHat: rounds.flatMap(({ qHat }) => qHat),
    estimatedWeight: rounds.map(({ estimatedWeight }) => estimatedWeight),
    k: K,
  };
}

const rounds = fc.array(round, { minLength: 2, maxLength: 30 });

/** A lambda that does something, where there is one. */
const LAMBDAS: Partial<Record<ScalarEstimatorName, number>> = {
  ips: 1.5,
  snips: 1.5,
  dr: 1.5,
  'switch-dr': 1.5,
  dros: 2,
  'sg-ips': 0.3,
  'sg-dr': 0.3,
  'power-ips': 0.5,
};

function of(log: Log, name: string, options: EstimateOptions = {}): ScalarEstimate {
  const lambda = LAMBDAS[name as ScalarEstimatorName];
  return estimate(log, name, {
    ...(lambda === undefined ? {} : { lambda }),
    ...(name === 'balanced-ips' ? { estimatedWeight: log.estimatedWeight } : {}),
    ...options,
  });
}

function reordered(log: Log, order: readonly number[]): Log {
  const pick = (values: number[], width = 1) => order.flatMap((i) => values.slice(i * width, (i + 1) * width));
  return {
    reward: pick(log.reward),
    action: pick(log.action),
    propensity: pick(log.propensity),
    policy: pick(log.policy, K),
    qHat: pick(log.qHat, K),
    estimatedWeight: pick(log.estimatedWeight),
    k: K,
  };
}

function close(a: number, b: number): void {
  expect(Math.abs(a - b)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(a), Math.abs(b)));
}

/** Of what does not hold of an estimator. */
const noTest = (_name: string, _run: () => void) => {};
const WHOLE = ['psis-ips', 'empirical-likelihood', 'cressie-read'];
const WITH_MODEL = ['dm', 'dr', 'sndr', 'switch-dr', 'dros', 'sg-dr'];
/** Values that move with the rewards whatever the weights are: their weights are divided by their mean, or the model is. */
const SELF_NORMALISED = ['snips', 'balanced-ips', 'psis-ips', 'sndr', 'dm'];
/** Their weights of 1 are changed by the lambda above, or mean something else. */
const NOT_IMPORTANCE = ['replay', 'balanced-ips', 'dm'];

describe.each(SCALAR_ESTIMATORS)('%s', (name) => {
  it('does not depend on the order of the rounds, nor on how they are split', () => {
    fc.assert(
      fc.property(rounds, fc.infiniteStream(fc.nat(2)), (list, parts) => {
        const log = logOf(list);
        const backwards = Array.from(list.keys()).reverse();
        const { value } = of(log, name);
        const other = of(reordered(log, backwards), name).value;
        if (WHOLE.includes(name)) return close(other, value);
        // Sums are exact: not a bit differs.
        expect(other).toBe(value);
        const lambda = LAMBDAS[name];
        const streams = [0, 1, 2].map(() => new StreamingEstimate(name, lambda === undefined ? {} : { lambda }));
        for (const i of list.keys()) {
          const one = reordered(log, [i]);
          streams[parts.next().value!]!.add(one, { estimatedWeight: one.estimatedWeight });
        }
        expect(streams[1]!.merge(streams[2]!).merge(streams[0]!).value).toBe(value);
      }),
      RUNS,
    );
  });

  it('scales with rewards', () => {
    fc.assert(
      fc.property(rounds, fc.double({ min: 0.1, max: 10, noNaN: true }), (list, scale) => {
        const log = logOf(list);
        const scaled = { ...log, reward: log.reward.map((r) => scale * r), qHat: log.qHat.map((q) => scale * q) };
        close(of(scaled, name).value, scale * of(log, name).value);
      }),
      RUNS,
    );
  });

  (SELF_NORMALISED.includes(name) || WITH_MODEL.includes(name) ? it : noTest)('moves with rewards', () => {
    fc.assert(
      fc.property(rounds, fc.double({ min: -5, max: 5, noNaN: true }), (list, shift) => {
        const log = logOf(list);
        const moved = { ...log, reward: log.reward.map((r) => r + shift), qHat: log.qHat.map((q) => q + shift) };
        close(of(moved, name).value, of(log, name).value + shift);
      }),
      RUNS,
    );
  });

  (NOT_IMPORTANCE.includes(name) ? noTest : it)('is the mean reward on the log of the policy itself', () => {
    fc.assert(
      fc.property(rounds, (list) => {
        const log = logOf(list);
        const own = { ...log, propensity: log.action.map((a, i) => log.policy[i * K + a]!) };
        // A model's errors cancel only where it says the same of all actions.
        const flat = { ...own, qHat: log.qHat.map((_, at) => log.qHat[at - (at % K)]!) };
        const mean = log.reward.reduce((a, b) => a + b) / list.length;
        close(estimate(WITH_MODEL.includes(name) ? flat : own, name).value, mean);
      }),
      RUNS,
    );
  });

  it('takes one round', () => {
    fc.assert(
      fc.property(round, (one) => {
        const { value, contributions } = of(logOf([one]), name);
        expect(Number.isFinite(value)).toBe(true);
        expect(contributions).toHaveLength(1);
      }),
      RUNS,
    );
  });

  (['dm', 'balanced-ips'].includes(name) ? noTest : it)(
    'takes weights that are all 0 as what they say, or refuses them',
    () => {
      const never = { ...logOf([]), reward: [1, 2], action: [0, 0], propensity: [0.5, 0.5] };
      const log = { ...never, policy: [0, 1, 0, 0, 1, 0], qHat: [0, 0.25, 0, 0, 0.75, 0], estimatedWeight: [0, 0] };
      if (['snips', 'psis-ips', 'sndr'].includes(name)) {
        expect(() => estimate(log, name)).toThrow(expect.objectContaining({ code: 'WEIGHTS_VANISH' }));
      } else if (['empirical-likelihood', 'cressie-read'].includes(name)) {
        // The missing weight is all on events like these.
        close(estimate(log, name).value, 1.5);
      } else close(estimate(log, name).value, WITH_MODEL.includes(name) ? 0.5 : 0);
    },
  );
});

describe('self-normalised values and those by likelihood', () => {
  it.each(['snips', 'balanced-ips', 'psis-ips', 'empirical-likelihood'])('%s lies inside the rewards', (name) => {
    fc.assert(
      fc.property(rounds, (list) => {
        const log = logOf(list);
        const { value } = of(log, name);
        expect(value).toBeGreaterThanOrEqual(Math.min(...log.reward) - 1e-9);
        expect(value).toBeLessThanOrEqual(Math.max(...log.reward) + 1e-9);
      }),
      RUNS,
    );
  });

  it('of equal weights are the plain mean', () => {
    fc.assert(
      fc.property(rounds, fc.double({ min: 0.1, max: 1, noNaN: true }), (list, p) => {
        const log = logOf(list);
        const even = { ...log, propensity: log.reward.map(() => p), policy: log.policy.map(() => 1 / K) };
        close(estimate(even, 'snips').value, log.reward.reduce((a, b) => a + b) / list.length);
        expect(of(even, 'psis-ips').value).toBe(estimate(even, 'snips').value);
      }),
      RUNS,
    );
  });
});

describe('intervals', () => {
  it.each(['bootstrap-percentile', 'bootstrap-bca', 't', 'normal', 'hoeffding', 'empirical-bernstein'])(
    '%s scale and move with contributions',
    (method) => {
      fc.assert(
        fc.property(
          fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 3, maxLength: 25 }),
          fc.constantFrom(0.5, 2, 8),
          fc.integer({ min: -8, max: 8 }),
          (values, scale, shift) => {
            const options = { range: [-40, 40] as const, resamples: 100 };
            const before = interval(Float64Array.from(values), method, options);
            const range = [-40 * scale + shift, 40 * scale + shift] as const;
            const after = interval(
              Float64Array.from(values, (x) => scale * x + shift),
              method,
              { ...options, range },
            );
            close(after.low, scale * before.low + shift);
            close(after.high, scale * before.high + shift);
            expect(before.low).toBeLessThanOrEqual(before.high);
          },
        ),
        { numRuns: 25 },
      );
    },
  );
});

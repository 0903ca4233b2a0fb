import { describe, expect, it } from 'vitest';
import { type EstimateOptions, estimate } from '../../../src/estimators/scalar/estimate.js';
import type { ScalarLog } from '../../../src/estimators/scalar/input.js';
import fc from '../../helpers/properties.js';

const K = 3;

/** A log that satisfies every estimator, and an estimated weight per round. */
const logs = fc.array(
  fc.record({
    reward: fc.double({ min: -5, max: 5, noNaN: true }),
    action: fc.nat(K - 1),
    propensity: fc.double({ min: 0.05, max: 1, noNaN: true }),
    masses: fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: K, maxLength: K }),
    qHat: fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: K, maxLength: K }),
    weight: fc.double({ min: 0.01, max: 20, noNaN: true }),
  }),
  { minLength: 1, maxLength: 30 },
);

type Round = typeof logs extends fc.Arbitrary<(infer R)[]> ? R : never;

function logOf(rounds: Round[], change: (r: number) => number = (r) => r): ScalarLog & { estimatedWeight: number[] } {
  return {
    reward: rounds.map(({ reward }) => change(reward)),
    action: rounds.map(({ action }) => action),
    propensity: rounds.map(({ propensity }) => propensity),
    policy: rounds.flatMap(({ masses }) => masses.map((mass) => mass / masses.reduce((a, b) => a + b))),
    qHat: rounds.flatMap(({ qHat }) => qHat.map(change)),
    k: K,
    estimatedWeight: rounds.map(({ weight }) => weight),
  };
}

const SETTINGS: [string, EstimateOptions][] = [
  ['ips', {}],
  ['ips', { lambda: 2 }],
  ['snips', {}],
  ['snips', { lambda: 2 }],
  ['dm', {}],
  ['dr', {}],
  ['dr', { lambda: 2 }],
  ['sndr', {}],
  ['switch-dr', { lambda: 2 }],
  ['dros', { lambda: 3 }],
  ['sg-ips', { lambda: 0.3 }],
  ['sg-dr', { lambda: 0.3 }],
  ['balanced-ips', { lambda: 5 }],
  ['power-ips', { lambda: 0.5 }],
  ['psis-ips', {}],
];

const estimated = (log: ReturnType<typeof logOf>, [name, options]: [string, EstimateOptions]) =>
  estimate(log, name, name === 'balanced-ips' ? { ...options, estimatedWeight: log.estimatedWeight } : options).value;

describe.each(SETTINGS)('%s %o', (...setting) => {
  it('does not depend on the order of rounds', () => {
    fc.assert(
      fc.property(logs, (rounds) => {
        expect(estimated(logOf(rounds.toReversed()), setting)).toBeCloseTo(estimated(logOf(rounds), setting), 10);
      }),
    );
  });

  it('scales with rewards and predictions', () => {
    fc.assert(
      fc.property(logs, (rounds) => {
        const scaled = estimated(
          logOf(rounds, (r) => -4 * r),
          setting,
        );
        expect(scaled).toBeCloseTo(-4 * estimated(logOf(rounds), setting), 9);
      }),
    );
  });

  it('is the mean of its contributions', () => {
    fc.assert(
      fc.property(logs, (rounds) => {
        const log = logOf(rounds);
        const { value, contributions } = estimate(log, setting[0], {
          ...setting[1],
          estimatedWeight: log.estimatedWeight,
        });
        expect(contributions.reduce((a, b) => a + b) / contributions.length).toBeCloseTo(value, 9);
      }),
    );
  });
});

describe.each([
  ['snips', {}],
  ['snips', { lambda: 2 }],
  ['balanced-ips', {}],
  ['psis-ips', {}],
] satisfies [string, EstimateOptions][])('self-normalised %s %o', (...setting) => {
  it('stays inside the range of the rewards, and moves with them', () => {
    fc.assert(
      fc.property(logs, fc.double({ min: -100, max: 100, noNaN: true }), (rounds, shift) => {
        const value = estimated(logOf(rounds), setting);
        const rewards = rounds.map(({ reward }) => reward);
        expect(value).toBeGreaterThanOrEqual(Math.min(...rewards) - 1e-12);
        expect(value).toBeLessThanOrEqual(Math.max(...rewards) + 1e-12);
        expect(
          estimated(
            logOf(rounds, (r) => r + shift),
            setting,
          ),
        ).toBeCloseTo(value + shift, 9);
      }),
    );
  });
});

describe('with the logging policy as the target', () => {
  it.each(['ips', 'snips', 'sg-ips', 'power-ips', 'psis-ips'])('%s is the plain mean', (name) => {
    const reward = [1, -2, 0.5, 7];
    const propensity = [0.2, 0.9, 0.4, 0.1];
    expect(estimate({ reward, propensity, policyOfAction: propensity }, name).value).toBeCloseTo(6.5 / 4, 14);
  });
});

describe('expectation over every log that the logging policy can write', () => {
  const logging = [0.5, 0.3, 0.2];
  const target = [0.1, 0.2, 0.7];
  const rewards = [1, -2, 4];
  const truth = 0.1 - 0.4 + 2.8;
  /** Mean of an estimator over all logs of two rounds, by enumeration. */
  const expected = (name: string, options: EstimateOptions, qHat: number[], propensity = logging, paid = rewards) => {
    let total = 0;
    for (let a = 0; a < K; a++) {
      for (let b = 0; b < K; b++) {
        const log = {
          reward: [paid[a]!, paid[b]!],
          action: [a, b],
          propensity: [propensity[a]!, propensity[b]!],
          policy: [...target, ...target],
          qHat: [...qHat, ...qHat],
          k: K,
        };
        total += logging[a]! * logging[b]! * estimate(log, name, options).value;
      }
    }
    return total;
  };

  it('is the truth for ips, and for dr, dros and switch-dr whatever the model says', () => {
    for (const name of ['ips', 'dr', 'dros', 'switch-dr', 'sg-ips', 'sg-dr']) {
      expect(expected(name, {}, [3, 3, -1])).toBeCloseTo(truth, 12);
    }
  });

  it('is the truth for dr with wrong propensities, where the model is right', () => {
    const wrong = [0.2, 0.2, 0.6];
    expect(expected('dr', {}, rewards, wrong)).toBeCloseTo(truth, 12);
    expect(expected('dm', {}, rewards, wrong)).toBeCloseTo(truth, 12);
    expect(expected('ips', {}, rewards, wrong)).not.toBeCloseTo(truth, 2);
  });

  it('is what is left of the truth when weights are clipped', () => {
    // Weights 0.2, 2/3 and 3.5, clipped at 1; rewards 1, 2 and 4.
    const clipped = expected('ips', { lambda: 1 }, [0, 0, 0], logging, [1, 2, 4]);
    expect(clipped).toBeCloseTo(0.1 * 1 + 0.2 * 2 + 0.2 * 4, 12);
  });
});

describe('single weights', () => {
  const one = { reward: [1, 1], propensity: [0.25, 0.5], policyOfAction: [1, 0] };

  it.each([
    ['ips', 3, [3, 0]],
    ['power-ips', 0.5, [2, 0]],
    ['power-ips', 0, [1, 0]],
    ['sg-ips', 0.5, [1.6, 0]],
    ['sg-ips', 1, [1, 0]],
  ])('%s with lambda %s', (name, lambda, weights) => {
    expect([...estimate(one, name, { lambda }).weights!]).toEqual(weights);
  });

  it('are shrunk towards 0 with lambda', () => {
    const log = { ...one, policyOfAction: undefined, policy: [1, 0, 1, 0], action: [0, 1], qHat: [0, 0, 0, 0], k: 2 };
    const weights = (lambda: number) => [...estimate(log, 'dros', { lambda }).weights!];
    expect(weights(0)).toEqual([0, 0]);
    expect(weights(16)).toEqual([2, 0]);
    expect(weights(Infinity)).toEqual([4, 0]);
  });
});

describe('Pareto smoothing', () => {
  const n = 400;
  // Quantiles of a Pareto distribution with shape 1: the smoothed tail has to follow them.
  const weights = Array.from({ length: n }, (_, i) => 1 / (1 - (i + 0.5) / n));
  const log = {
    reward: weights.map(() => 1),
    propensity: weights.map((w) => 1 / w),
    policyOfAction: weights.map(() => 1),
  };

  it('keeps the order, the body and the largest weight as a bound', () => {
    const smoothed = estimate(log, 'psis-ips').weights!;
    const body = n - 60 - 1;
    expect([...smoothed.subarray(0, body)]).toEqual([...estimate(log, 'ips').weights!.subarray(0, body)]);
    for (let i = 1; i < n; i++) expect(smoothed[i]!).toBeGreaterThanOrEqual(smoothed[i - 1]!);
    expect(smoothed[n - 1]).toBeLessThanOrEqual(weights[n - 1]! * (1 + 1e-12));
    expect(smoothed[n - 30]! / weights[n - 30]!).toBeCloseTo(1, 1);
  });

  it('tames one weight that stands out', () => {
    const propensity = log.propensity.map((p, i) => (i === n - 1 ? 1e-6 : p));
    const [raw, smoothed] = ['snips', 'psis-ips'].map(
      (name) => estimate({ ...log, propensity }, name).weights![n - 1]!,
    );
    expect(smoothed!).toBeLessThan(raw! / 10);
  });
});

describe('what is refused', () => {
  const log = {
    reward: [1, 0],
    action: [0, 1],
    propensity: [0.5, 0.5],
    policy: [0.4, 0.6, 0.5, 0.5],
    qHat: [1, 2, 3, 4],
    k: 2,
  };
  const without = (key: keyof ScalarLog) => ({ ...log, [key]: undefined });
  it.each<[string, ScalarLog, string, EstimateOptions, string, RegExp]>([
    ['an unknown name', log, 'ipw', {}, 'ESTIMATOR_UNKNOWN', /"ipw".*replay, ips, snips/],
    ['a name of every object', log, 'toString', {}, 'ESTIMATOR_UNKNOWN', /toString/],
    ['no propensity', without('propensity'), 'ips', {}, 'ESTIMATE_NEEDS', /ips needs propensity/],
    ['no model', without('qHat'), 'dr', {}, 'ESTIMATE_NEEDS', /dr needs qHat/],
    ['no reward', without('reward'), 'snips', {}, 'ESTIMATE_NEEDS', /reward/],
    ['no policy', without('policy'), 'ips', {}, 'ESTIMATE_NEEDS', /policy or policyOfAction/],
    ['no action', without('action'), 'ips', {}, 'ESTIMATE_NEEDS', /action/],
    ['no k', without('k'), 'ips', {}, 'ESTIMATE_NEEDS', /k/],
    ['no weights to balance with', log, 'balanced-ips', {}, 'ESTIMATE_NEEDS', /estimatedWeight/],
    [
      'DR from the logged actions alone',
      { ...without('policy'), policyOfAction: [1, 1] },
      'dr',
      {},
      'ESTIMATE_NEEDS',
      /policy/,
    ],
    ['two policies', { ...log, policyOfAction: [1, 1] }, 'ips', {}, 'ESTIMATE_OPTION', /one of them/],
    ['a lambda below 0', log, 'ips', { lambda: -1 }, 'ESTIMATE_OPTION', /min\(w, lambda\).*-1/],
    ['a lambda where there is none', log, 'dm', { lambda: 1 }, 'ESTIMATE_OPTION', /no lambda/],
    ['a share above 1', log, 'sg-ips', { lambda: 2 }, 'ESTIMATE_OPTION', /from 0 to 1/],
    [
      'lengths that differ',
      { ...log, reward: [1, 0, 1] },
      'ips',
      {},
      'ESTIMATE_INPUT',
      /policy has 4 numbers; expected 6/,
    ],
    ['a propensity of 0', { ...log, propensity: [0.5, 0] }, 'ips', {}, 'ESTIMATE_INPUT', /propensity\[1\].*got 0/],
    ['a propensity above 1', { ...log, propensity: [1.2, 1] }, 'ips', {}, 'ESTIMATE_INPUT', /propensity\[0\].*got 1.2/],
    ['a reward that is none', { ...log, reward: [1, Number.NaN] }, 'ips', {}, 'ESTIMATE_INPUT', /reward\[1\].*NaN/],
    [
      'an action that does not exist',
      { ...log, action: [0, 2] },
      'ips',
      {},
      'ESTIMATE_INPUT',
      /action\[1\].*0 to 1; got 2/,
    ],
    ['half an action', { ...log, action: [0.5, 1] }, 'ips', {}, 'ESTIMATE_INPUT', /action\[0\]/],
    ['rows that do not sum to 1', { ...log, policy: [0.4, 0.6, 0.5, 0.6] }, 'ips', {}, 'ESTIMATE_INPUT', /Row 1.*1.1/],
    ['a negative probability', { ...log, policy: [1.1, -0.1, 0.5, 0.5] }, 'ips', {}, 'ESTIMATE_INPUT', /policy\[0\]/],
    ['no rounds', { reward: [], policyOfAction: [], propensity: [] }, 'ips', {}, 'ESTIMATE_INPUT', /no rounds/],
    ['weights that are all 0', { ...log, policy: [0, 1, 1, 0] }, 'snips', {}, 'WEIGHTS_VANISH', /snips/],
    [
      'a weight beyond doubles',
      { ...log, propensity: [1e-320, 1] },
      'ips',
      {},
      'ESTIMATE_INPUT',
      /round 0 is Infinity/,
    ],
    ['a reward out of its range', log, 'ips', { range: [0.5, 1] }, 'ESTIMATE_INPUT', /reward\[1\] is 0, outside/],
    ['a range without width', log, 'ips', { range: [1, 1] }, 'ESTIMATE_OPTION', /range/],
  ])('%s', (_, bad, name, options, code, message) => {
    expect(() => estimate(bad, name, options)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});

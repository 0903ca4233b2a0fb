import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/estimators/random.js';
import { SCALAR_ESTIMATORS } from '../../../src/estimators/scalar/definitions.js';
import { type EstimateOptions, estimate, estimateValue } from '../../../src/estimators/scalar/estimate.js';
import type { ScalarLog } from '../../../src/estimators/scalar/input.js';

const [N, K] = [4500, 3];

function logged() {
  const random = new Random(2);
  const policy = new Float64Array(N * K);
  for (let i = 0; i < N; i++) {
    // Some rounds where the policy is certain, for replay.
    const masses = Array.from({ length: K }, () => (i % 5 === 0 ? 0 : random.uniform()));
    masses[i % K]! += i % 5 === 0 ? 1 : 0.1;
    const total = masses.reduce((a, b) => a + b);
    masses.forEach((mass, j) => {
      policy[i * K + j] = mass / total;
    });
  }
  return {
    reward: Float64Array.from({ length: N }, () => random.uniform()),
    propensity: Float64Array.from({ length: N }, () => 0.05 + 0.95 * random.uniform()),
    action: Int32Array.from({ length: N }, () => random.integer(K)),
    policy,
    qHat: Float64Array.from({ length: N * K }, () => random.uniform()),
    k: K,
  };
}

/** The same log in arrays that native code does not take. */
function inPlainArrays(log: ScalarLog): ScalarLog {
  const plain = Object.entries(log).map(([name, value]) => [name, name === 'k' ? value : Array.from(value)]);
  return Object.fromEntries(plain);
}

describe('estimates of large logs', () => {
  const LAMBDAS: Record<string, number> = { 'switch-dr': 4, dros: 3, 'sg-ips': 0.2, 'sg-dr': 0.1, 'power-ips': 0.5 };
  it.each(SCALAR_ESTIMATORS)('%s: the same bits from native code', (name) => {
    const log = logged();
    const estimatedWeight = log.propensity.map((p) => 1 / p);
    const all: EstimateOptions[] = [{}, ...(LAMBDAS[name] ? [{ lambda: LAMBDAS[name] }] : [])];
    for (const options of all) {
      const given = name === 'balanced-ips' ? { ...options, estimatedWeight } : options;
      const native = estimate(log, name, given);
      const plain = estimate(inPlainArrays(log), name, given);
      expect(native).toEqual(plain);
      expect(native.value).toBe(plain.value);
      expect(estimateValue(log, name, given)).toBe(plain.value);
      expect(estimateValue(inPlainArrays(log), name, given)).toBe(plain.value);
    }
  });

  it('take the probabilities of the logged actions, and estimated propensities', () => {
    const { policy, ...log } = logged();
    const policyOfAction = Float64Array.from(log.action, (a, i) => policy[i * K + a]!);
    const options = { estimatedPropensity: log.propensity.map((p) => p / 2), lambda: 5 };
    const given = { ...log, policyOfAction };
    expect(estimate(given, 'snips', options)).toEqual(estimate(inPlainArrays(given), 'snips', options));
  });

  it.each<[string, (log: ReturnType<typeof logged>) => unknown]>([
    ['a reward', ({ reward }) => reward.fill(Number.NaN, 4400, 4401)],
    ['a propensity', ({ propensity }) => propensity.fill(1.1, 7, 8)],
    ['a tiny propensity', ({ propensity }) => propensity.fill(1e-320, 5, 6)],
    ['an action', ({ action }) => action.fill(3, 9, 10)],
    ['a row', ({ policy }) => policy.fill(0.4, 30, 33)],
    ['a prediction', ({ qHat }) => qHat.fill(Infinity, 3, 4)],
    [
      'all weights',
      ({ policy, action }) =>
        policy.forEach((_, at) => {
          policy[at] = Number(at % K === (action[Math.floor(at / K)]! + 1) % K);
        }),
    ],
  ])('say what is wrong with %s as those of small logs do', (_, spoil) => {
    const log = logged();
    spoil(log);
    const message = (given: ScalarLog, value = (log: ScalarLog) => estimate(log, 'sndr').value) => {
      try {
        return value(given);
      } catch (error) {
        return String(error);
      }
    };
    expect(message(log)).toMatch(/ESTIMATE_INPUT|WEIGHTS_VANISH|\[|Row|weight/);
    expect(message(log)).toBe(message(inPlainArrays(log)));
    expect(message(log, (given) => estimateValue(given, 'sndr'))).toBe(message(log));
  });
});

import { describe, expect, it } from 'vitest';
import { estimate } from '../../../src/estimators/scalar/estimate.js';
import { expectGolden, fixture, LOGS, logOf, OURS, optionsOf } from './fixtures.js';

describe.each(LOGS)('Open Bandit Pipeline on %s', (name) => {
  const { input, obp } = fixture(name);

  it('gives every point value, its spread and its first rounds', () => {
    for (const row of obp.point) {
      const what = `${row.estimator} ${row.policy} ${JSON.stringify(row.params)}`;
      const result = estimate(logOf(input, row.policy), OURS[row.estimator]!, optionsOf(input, row));
      const x = result.contributions;
      if (Number.isNaN(row.value)) {
        // The peer divides 0 by 0 where ours takes the limit.
        expect(Number.isFinite(result.value), what).toBe(true);
        continue;
      }
      expectGolden(result.value, row.value, what);
      const mean = x.reduce((total, value) => total + value, 0) / x.length;
      const deviation = Math.sqrt(x.reduce((total, value) => total + (value - mean) ** 2, 0) / x.length);
      expectGolden(deviation, row.round_std_ddof0, `deviation of ${what}`);
      row.rounds_head.forEach((round: number, i: number) => {
        expectGolden(x[i]!, round, `round ${i} of ${what}`);
      });
    }
  });
});

describe.each(LOGS)('Vowpal Wabbit on %s', (name) => {
  const { input, vw } = fixture(name);
  const ours: Record<string, string> = {
    ips: 'ips',
    snips: 'snips',
    mle: 'empirical-likelihood',
    cressieread: 'cressie-read',
  };

  it('gives every point value', () => {
    for (const { name: estimator, policy, params, value } of vw.estimate) {
      const { wmin = 0, wmax = Infinity } = params;
      const result = estimate(logOf(input, policy), ours[estimator]!, { weightRange: [wmin, wmax] });
      const what = `${estimator} ${policy} ${JSON.stringify(params)}`;
      expectGolden(result.value, value, what, estimator === 'mle' ? 1e-8 : 1e-9);
    }
  });
});

/** The peer's classes. */
const CLASSES: Record<string, string> = {
  InverseProbabilityWeighting: 'ips',
  SelfNormalizedInverseProbabilityWeighting: 'snips',
  DoublyRobust: 'dr',
  SelfNormalizedDoublyRobust: 'sndr',
  ReplayMethod: 'replay',
  SwitchDoublyRobust: 'switch-dr',
  DoublyRobustWithShrinkage: 'dros',
  DirectMethod: 'dm',
};

interface EdgeArray {
  shape: number[];
  data: number[];
}

/** The slice of an [n][k][positions] array at each round's position. */
function atPositions(array: EdgeArray | undefined, position: number[] | undefined): number[] | undefined {
  if (!array) return undefined;
  const [, k, positions] = array.shape as [number, number, number];
  return array.data.filter(
    (_, at) => at % positions === (positions === 1 ? 0 : position?.[Math.floor(at / (k * positions))]),
  );
}

describe('edge cases of Open Bandit Pipeline', () => {
  // These are about the shapes and types of the peer's arrays, which a flat array does not have.
  const notOurs = /action_dist is 2-D|two positions, no position|position out of range|non-integer action/;
  // Ours refuses what has no answer.
  const refused = /negative entries that still sum to 1|NaN reward/;
  const cases: {
    name: string;
    obp_class: string;
    params: { lambda?: number };
    input: Record<string, EdgeArray | null>;
    value?: number;
  }[] = fixture('edge-cases').cases;

  it.each(cases.filter(({ name }) => !notOurs.test(name)))('$name ($obp_class)', (edge) => {
    const { name, obp_class, params, input, value } = edge;
    const array = (key: string) => input[key] ?? undefined;
    const log = {
      reward: array('reward')?.data,
      action: array('action')?.data,
      propensity: array('pscore')?.data,
      policy: atPositions(array('action_dist'), array('position')?.data),
      qHat: atPositions(array('estimated_rewards_by_reg_model'), array('position')?.data),
      k: array('action_dist')?.shape[1],
    };
    const call = () => estimate(log, CLASSES[obp_class]!, { lambda: params.lambda });
    if (name === 'DRos lambda 0 with zero weight: 0/0') {
      expect(call().value).toBe(estimate(log, 'dm').value);
    } else if (value === undefined || Number.isNaN(value) || refused.test(name)) {
      expect(call).toThrow(expect.objectContaining({ code: expect.stringMatching(/^(ESTIMATE_|WEIGHTS_)/) }));
    } else {
      expectGolden(call().value, value, name);
    }
  });
});

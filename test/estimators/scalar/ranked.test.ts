import { describe, expect, it } from 'vitest';
import { percentiles } from '../../../src/estimators/bootstrap.js';
import { interval } from '../../../src/estimators/intervals/interval.js';
import { estimate } from '../../../src/estimators/scalar/estimate.js';
import { estimateRanked, type RankedLog } from '../../../src/estimators/scalar/ranked.js';
import { peerBootstrap } from '../peer-bootstrap.js';
import { expectGolden, fixture } from './fixtures.js';

const FILES = ['slate-n100-u5-l3-binary', 'slate-n200-u4-l3-factorizable', 'slate-n300-u6-l4-continuous'];
const OURS: Record<string, string> = {
  sips: 'standard-ips',
  iips: 'independent-ips',
  rips: 'reward-interaction-ips',
  snsips: 'standard-snips',
  sniips: 'independent-snips',
  snrips: 'reward-interaction-snips',
  'cascade-dr': 'cascade-dr',
};

function logOf(
  input: Record<string, number[]> & { n_slates: number; len_list: number; n_unique_action: number },
): RankedLog {
  return {
    reward: input.reward!,
    slateOffsets: Array.from({ length: input.n_slates + 1 }, (_, i) => i * input.len_list),
    propensity: { slate: input.pscore!, position: input.pscore_item_position!, cascade: input.pscore_cascade! },
    policy: {
      slate: input.evaluation_policy_pscore!,
      position: input.evaluation_policy_pscore_item_position!,
      cascade: input.evaluation_policy_pscore_cascade!,
    },
    action: input.action!,
    qHat: input.q_hat!,
    policyOfItems: input.evaluation_policy_action_dist!,
    k: input.n_unique_action,
  };
}

describe.each(FILES)('Open Bandit Pipeline on %s', (name) => {
  const { input, obp } = fixture(name);
  const log = logOf(input);

  it('gives every value and its seeded intervals', () => {
    for (const { estimator, value, interval: intervals } of obp) {
      const result = estimateRanked(log, OURS[estimator]!);
      expectGolden(result.value, value, estimator);
      for (const { n_bootstrap_samples: resamples, alpha, seed, mean, lower, upper } of intervals) {
        const replicates = peerBootstrap(result.contributions, resamples, seed);
        const [low, high] = percentiles(replicates, [50 * alpha, 100 - 50 * alpha]);
        expectGolden(low!, lower, `lower ${estimator} ${alpha}`);
        expectGolden(high!, upper, `upper ${estimator} ${alpha}`);
        expectGolden(replicates.reduce((a, b) => a + b) / resamples, mean, `mean ${estimator} ${alpha}`);
      }
    }
  });
});

describe('Vowpal Wabbit on slates with independent positions', () => {
  const { input, vw } = fixture('slate-n200-u4-l3-factorizable');
  const log = logOf(input);

  it('gives the pseudo-inverse value and its normal intervals', () => {
    const result = estimateRanked(log, 'pseudo-inverse');
    expectGolden(result.value, vw.pseudo_inverse, 'pseudo-inverse');
    for (const [alpha, [lower, upper]] of Object.entries<[number, number]>(vw.pseudo_inverse_gaussian)) {
      const { low, high } = interval(result, 'normal', { alpha: Number(alpha) });
      expectGolden(low, lower, `lower ${alpha}`);
      expectGolden(high, upper, `upper ${alpha}`);
    }
  });

  it('gives Cressie-Read values and intervals of each position, and of all', () => {
    // The weight of a position is that of the items so far.
    const rows = Array.from({ length: input.n_slates * input.len_list }, (_, row) => row);
    const below = (row: number): number =>
      input.pscore_item_position[row] * (row % input.len_list === 0 ? 1 : below(row - 1));
    const above = (row: number): number =>
      input.evaluation_policy_pscore_item_position[row] * (row % input.len_list === 0 ? 1 : above(row - 1));
    const of = (chosen: number[]) =>
      estimate(
        {
          reward: chosen.map((row) => input.reward[row]),
          propensity: chosen.map(below),
          policyOfAction: chosen.map(above),
        },
        'cressie-read',
      );
    const parts = Array.from({ length: input.len_list }, (_, l) =>
      of(rows.filter((row) => row % input.len_list === l)),
    );
    const { r_given_impression: values, r, r_overall } = vw.pdis_cressieread;
    parts.forEach(({ value }, l) => {
      expectGolden(value, values[l], `position ${l}`);
      expectGolden(value, r[l], `position ${l}, always shown`);
    });
    expectGolden(of(rows).value, r_overall, 'all positions');
    for (const [alpha, bounds] of Object.entries<Record<string, number[][] | number[]>>(vw.pdis_cressieread_interval)) {
      const options = { alpha: Number(alpha), range: [0, 1] as const };
      const impressions = interval(new Float64Array(input.n_slates).fill(1), 'clopper-pearson', options);
      parts.forEach((part, l) => {
        const { low, high } = interval(part, 'cressie-read', options);
        const [[given, shown], what] = [
          [bounds.r_given_impression![l] as number[], bounds.r![l] as number[]],
          `position ${l} ${alpha}`,
        ] as const;
        expectGolden(low, given[0]!, `lower ${what}`, 1e-8);
        expectGolden(high, given[1]!, `upper ${what}`, 1e-8);
        expectGolden(impressions.low * low, shown[0]!, `lower ${what}, if shown`, 1e-8);
        expectGolden(impressions.high * high, shown[1]!, `upper ${what}, if shown`, 1e-8);
      });
      const all = interval(of(rows), 'cressie-read', options);
      expectGolden(all.low, bounds.r_overall![0] as number, `lower ${alpha}`, 1e-8);
      expectGolden(all.high, bounds.r_overall![1] as number, `upper ${alpha}`, 1e-8);
    }
  });
});

describe('ranked slates', () => {
  // Two slates of different length.
  const log: RankedLog = {
    reward: [1, 2, 4],
    slateOffsets: [0, 2, 3],
    propensity: { slate: [0.2, 0.2, 0.5], position: [0.5, 0.4, 0.5], cascade: [0.5, 0.2, 0.5] },
    policy: { slate: [0.4, 0.4, 0.1], position: [0.25, 0.4, 0.5], cascade: [0.5, 0.4, 0.1] },
    action: [0, 1, 0],
    qHat: [1, 1, 2, 2, 4, 4],
    policyOfItems: [0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
    k: 2,
  };

  it.each([
    ['standard-ips', (2 * 1 + 2 * 2 + 0.2 * 4) / 2],
    ['standard-snips', (2 * 1 + 2 * 2 + 0.2 * 4) / 2 / (4.2 / 3)],
    ['independent-ips', (0.5 + 2 + 4) / 2],
    ['independent-snips', ((0.5 + 4) / (1.5 / 2) + 2 / 1) / 2],
    ['reward-interaction-ips', (1 + 4 + 0.8) / 2],
    ['reward-interaction-snips', ((1 + 0.8) / (1.2 / 2) + 4 / 2) / 2],
    ['pseudo-inverse', (0.5 * 3 + 1 * 4) / 2],
    ['cascade-dr', (1 + 1 * 2 + 4) / 2],
  ])('%s has the value of its formula', (name, value) => {
    const result = estimateRanked(log, name);
    expect(result.value).toBeCloseTo(value, 12);
    expect(result.contributions.reduce((a, b) => a + b) / 2).toBeCloseTo(value, 12);
  });

  it('have intervals that resample slates and denominators', () => {
    const { low, high } = interval(estimateRanked({ ...log, reward: [1, 1, 1] }, 'independent-snips'), 't');
    expect([low, high].every(Number.isFinite)).toBe(true);
  });

  it.each<[string, RankedLog, string, string, RegExp]>([
    ['another name', log, 'sips', 'ESTIMATOR_UNKNOWN', /standard-ips, independent-ips/],
    [
      'no probabilities of that kind',
      { ...log, policy: { slate: [1, 1, 1] } },
      'independent-ips',
      'ESTIMATE_NEEDS',
      /policy.position/,
    ],
    ['no offsets', { ...log, slateOffsets: undefined }, 'standard-ips', 'ESTIMATE_NEEDS', /slateOffsets/],
    [
      'offsets that do not ascend',
      { ...log, slateOffsets: [0, 2, 2, 3] },
      'standard-ips',
      'ESTIMATE_INPUT',
      /slateOffsets\[2\] is 2/,
    ],
    ['offsets that end early', { ...log, slateOffsets: [0, 2] }, 'standard-ips', 'ESTIMATE_INPUT', /ends at 2/],
    ['no model', { ...log, qHat: undefined }, 'cascade-dr', 'ESTIMATE_NEEDS', /qHat/],
    ['weights of 0', { ...log, policy: { slate: [0, 0, 0] } }, 'standard-snips', 'WEIGHTS_VANISH', /every weight is 0/],
    [
      'weights of 0 at a position',
      { ...log, policy: { position: [1, 0, 1] } },
      'independent-snips',
      'WEIGHTS_VANISH',
      /position 1 is 0/,
    ],
  ])('refuse %s', (_, bad, name, code, message) => {
    expect(() => estimateRanked(bad, name)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});

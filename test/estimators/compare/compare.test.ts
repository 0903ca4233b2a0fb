import { describe, expect, it } from 'vitest';
import { type CompareOptions, compare } from '../../../src/estimators/compare/compare.js';
import { comparePairs, probabilitiesOfBest, regretBounds } from '../../../src/estimators/compare/simultaneous.js';
import { evaluate } from '../../../src/estimators/evaluate.js';
import { tabularWorld } from '../../../src/experiments/worlds/tabular.js';
import { trueValue } from '../../../src/experiments/worlds/tabular-truth.js';
import type { Policy } from '../../../src/policy/policy.js';

/** POPE_COMPARE_LOGS=2000 measures what docs/estimators.md quotes. */
const LOGS = Number(process.env.POPE_COMPARE_LOGS ?? 20);
const LEANS = { shy: 0.3, middling: 1, keen: 2 };
const settings = { reward: 'identity', lambdaDiv: 0, logging: 'log', resamples: 300 } as const;

/** Policies that lean more or less towards what people like, on one log; worlds of one seed differ in nothing else. */
function choice(seed: number, queries: number) {
  const worlds = Object.entries(LEANS).map(([name, lean]) => [name, tabularWorld({ seed, lean })] as const);
  const targets = new Map<string, Policy>(worlds.map(([name, world]) => [name, world.policy('target')]));
  const truth = Object.fromEntries(
    worlds.map(([name, world]) => [name, trueValue(world, { form: 'soft', lambdaDiv: 0 }).value]),
  );
  return { slates: worlds[0]![1].sample(queries), targets, truth };
}

describe('policies on one log', () => {
  it('differ as the truth does, all pairs at once, and the best may be chosen after looking', async () => {
    const covered = { all: 0, alone: 0, pairs: 0, best: 0, regret: 0 };
    for (let seed = 0; seed < LOGS; seed++) {
      const { slates, targets, truth } = choice(seed, 300);
      const result = await compare(slates, {
        ...settings,
        targets,
        truth,
        estimator: 'decomposed',
        normalise: 'none',
        seed,
      });
      const off = ({ low, high }: { low: number; high: number }, value: number) => low > value || high < value;
      const wanted = (a: string, b: string) => truth[a]! - truth[b]!;
      covered.all += Number(!result.pairs.some(({ a, b, simultaneous }) => off(simultaneous, wanted(a, b))));
      for (const { a, b, interval } of result.pairs) {
        covered.alone += Number(!off(interval, wanted(a, b)));
        covered.pairs++;
      }
      const best = Object.keys(truth).reduce((a, b) => (truth[a]! >= truth[b]! ? a : b));
      covered.best += Number(result.policies.find(({ policy }) => policy === best)!.possiblyBest);
      covered.regret += Number(
        result.policies.every(({ policy, regretHigh }) => truth[best]! - truth[policy]! <= regretHigh! + 1e-12),
      );
    }
    if (process.env.POPE_COMPARE_LOGS) console.log(LOGS, covered);
    const slack = (count: number) => 3 * Math.sqrt((0.95 * 0.05) / count);
    expect(covered.all / LOGS).toBeGreaterThan(0.95 - slack(LOGS));
    expect(covered.alone / covered.pairs).toBeGreaterThan(0.95 - slack(covered.pairs));
    expect(covered.best / LOGS).toBeGreaterThan(0.95 - slack(LOGS));
    expect(covered.regret / LOGS).toBeGreaterThan(0.95 - slack(LOGS));
  });

  it('have the values of evaluate, best first, with all that a choice needs', async () => {
    const { slates, targets, truth } = choice(4, 500);
    const result = await compare(slates, { ...settings, targets, truth });
    expect(result.row).toMatchObject({ estimator: 'decomposed', normalise: 'none', estimand: 'value' });
    expect(result.policies.map(({ policy }) => policy)).toEqual(['keen', 'middling', 'shy']);
    for (const { policy, value, standardError, regret } of result.policies) {
      const alone = await evaluate(slates, { ...settings, target: targets.get(policy)!, resamples: 2 });
      const row = alone.estimates.find((one) => one.estimator === 'decomposed' && one.normalise === 'none')!;
      expect(value).toBe(row.value);
      expect(standardError).toBeCloseTo(row.standardError!, 12);
      expect(regret).toBe(result.policies[0]!.value! - value!);
    }
    const total = result.policies.reduce((sum, { probabilityBest }) => sum + probabilityBest!, 0);
    expect(total).toBeCloseTo(1, 12);
    expect(result.truth).toEqual({ spearman: 1, kendall: 1, regret: 0 });
    expect(result.rankStability).toBeGreaterThan(0.5);
    const same = result.agreement.find((row) => {
      return row.estimator === 'decomposed' && row.normalise === 'none' && !row.selfNormalised;
    });
    expect(same!.spearman).toBeCloseTo(1, 12);
    // What policies share cancels out of their difference.
    const pair = result.pairs.find(({ a, b }) => [a, b].includes('keen') && [a, b].includes('middling'))!;
    const [keen, middling] = result.policies;
    expect(pair.standardError).toBeLessThan(0.8 * Math.hypot(keen!.standardError!, middling!.standardError!));
  });

  it('that are the same cannot be told apart', async () => {
    const world = tabularWorld({ seed: 2 });
    const targets = new Map([
      ['one', world.policy('target')],
      ['two', world.policy('target')],
    ]);
    const result = await compare(world.sample(100), { ...settings, targets });
    expect(result.best).toBeNull();
    expect(result.pairs[0]).toMatchObject({ difference: 0, simultaneous: { low: 0, high: 0 }, adjustedP: 1 });
    expect(result.policies.map(({ probabilityBest }) => probabilityBest)).toEqual([0.5, 0.5]);
  });

  it('are refused a choice where the log does not support one of them', async () => {
    const worlds = [1, 2].map((lean) => tabularWorld({ seed: 1, lean }));
    const targets = new Map(worlds.map((world, i) => [`p${i}`, world.policy('target')]));
    const options = { ...settings, targets, normalise: 'none' } as const;
    const result = await compare(worlds[0]!.sample(8), options);
    expect(result).toMatchObject({ best: null, verdict: 'unreliable' });
    await expect(compare(worlds[0]!.sample(8), { ...options, strict: true })).rejects.toMatchObject({
      code: 'UNRELIABLE',
      message: expect.stringMatching(/\n {2}p1: /),
    });
  });

  it.each<[string, Partial<CompareOptions>, RegExp]>([
    ['one policy', { targets: new Map([['a', tabularWorld().policy('target')]]) }, /at least two/],
    ['lambdas of their own', { lambdaDiv: 'auto' }, /lambdaDiv auto/],
    ['a truth of some', { truth: { keen: 1, shy: 0 } }, /policy "middling"/],
  ])('refuse %s', async (_, change, message) => {
    const { slates, targets } = choice(0, 20);
    const running = compare(slates, { ...settings, targets, ...change });
    await expect(running).rejects.toMatchObject({ code: 'OPTION', message: expect.stringMatching(message) });
  });
});

describe('resampled policies', () => {
  const replicates = (f: (i: number) => number) => Float64Array.from({ length: 999 }, (_, i) => f((i - 499) / 500));
  const policies = [
    { policy: 'a', value: 2, replicates: replicates((z) => 2 + z) },
    { policy: 'b', value: 1, replicates: replicates((z) => 1 + z) },
    { policy: 'c', value: 1.9, replicates: replicates((z) => 1.9 - z) },
  ];

  it('are paired: a difference without noise is certain, whatever the noise of both', () => {
    const [ab, ac] = comparePairs(policies, (a, b) => (b - a === 1 && a === 0 ? 1e-6 : 0.5), 0.05);
    expect(ab!.interval.low).toBeCloseTo(1, 9);
    expect(ab!.adjustedP).toBeCloseTo(1 / 1000, 9);
    expect(ac!.interval.low).toBeLessThan(0);
    expect(ac!.adjustedP).toBeGreaterThan(0.9);
  });

  it('are best as often as their replicates, and regretted by at most what pairs leave open', () => {
    const [a, b, c] = probabilitiesOfBest(policies);
    expect(b).toBe(0);
    expect(a! + c!).toBeCloseTo(1, 12);
    expect(a!).toBeGreaterThan(c!);
    const pair = (a: string, b: string, low: number, high: number) => {
      return {
        a,
        b,
        difference: 0,
        standardError: 1,
        interval: { low, high },
        simultaneous: { low, high },
        adjustedP: 1,
      };
    };
    const pairs = [pair('a', 'b', 0.5, 1.5), pair('a', 'c', -0.3, 0.6), pair('b', 'c', -2, -0.1)];
    expect(regretBounds(policies, pairs)).toEqual([0.3, 2, 0.6]);
  });
});

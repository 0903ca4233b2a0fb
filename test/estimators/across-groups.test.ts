import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/estimators/evaluate.js';
import { POOLED_GROUP, ruledGroups } from '../../src/estimators/group-rules.js';
import type { LogGroup } from '../../src/estimators/groups.js';
import { criticalValue } from '../../src/estimators/max-t.js';
import { TABULAR_GROUPS, tabularWorld } from '../../src/experiments/worlds/tabular.js';
import { trueValue } from '../../src/experiments/worlds/tabular-truth.js';

/** POPE_GROUP_LOGS=2000 measures what docs/estimators.md quotes. */
const LOGS = Number(process.env.POPE_GROUP_LOGS ?? 25);
const options = {
  estimators: ['decomposed'],
  normalise: 'none',
  reward: 'identity',
  lambdaDiv: 0,
  logging: 'log',
  resamples: 300,
} as const;

describe('groups side by side', () => {
  it('are covered all at once, ranked, weighted and the worst is found', async () => {
    const covered = { all: 0, worst: 0, weighted: 0 };
    for (let seed = 0; seed < LOGS; seed++) {
      const world = tabularWorld({ seed });
      const result = await evaluate(world.sample(300), {
        ...options,
        target: world.policy('target'),
        by: 'group',
        seed,
      });
      const { groups, maximin, shareWeighted, worst } = result.acrossGroups!;
      const truths = groups.map(({ group }) => {
        return trueValue(world, {
          form: 'soft',
          lambdaDiv: 0,
          group: TABULAR_GROUPS.findIndex(({ name }) => name === group),
        }).value;
      });
      const inside = (interval: (typeof worst)['interval'], value: number) =>
        interval!.low <= value && value <= interval!.high;
      covered.all += Number(groups.every(({ interval }, g) => inside(interval, truths[g]!)));
      covered.worst += Number(inside(maximin.interval, Math.min(...truths)));
      // Every group judges every response as often: shares are equal.
      for (const { share } of groups) expect(share).toBeCloseTo(1 / 3, 12);
      covered.weighted += Number(inside(shareWeighted.interval, truths.reduce((a, b) => a + b) / 3));
      expect(worst.value).toBe(Math.min(...groups.map(({ value }) => value)));
      expect(maximin.value).toBe(worst.value);
      expect(shareWeighted.value).toBeCloseTo(
        groups.reduce((sum, { value }) => sum + value / 3, 0),
        10,
      );
      for (const { group, value } of groups) {
        const own = result.groups.find((one) => one.group === group)!;
        expect(own.estimates[0]!.value).toBeCloseTo(value, 12);
      }
    }
    if (process.env.POPE_GROUP_LOGS) console.log(LOGS, covered);
    const slack = 3 * Math.sqrt((0.95 * 0.05) / LOGS);
    expect(covered.all / LOGS).toBeGreaterThan(0.95 - slack);
    expect(covered.worst / LOGS).toBeGreaterThan(0.95 - slack);
    // A percentile interval of 300 resamples, which is a little narrow (docs/estimators.md).
    expect(covered.weighted / LOGS).toBeGreaterThan(0.935 - slack);
  });

  it('have wider intervals together than alone, by the largest deviation of any', () => {
    const one = Float64Array.from({ length: 1001 }, (_, b) => b / 100);
    // |replicate - 0| / 2 runs from 0 to 5: its 95 % quantile is 4.75.
    expect(criticalValue([one], [0], [2], 0.05)).toBeCloseTo(4.75, 12);
    const other = one.map((x) => 10 - x);
    expect(criticalValue([one, other], [0, 0], [2, 2], 0.05)).toBeCloseTo(4.875, 2);
    expect(criticalValue([one, new Float64Array(1001)], [0, 0], [2, 0], 0.05)).toBeCloseTo(4.75, 12);
  });

  it('by fields of fields, and by fields of responses', async () => {
    const world = tabularWorld({ seed: 3 });
    const slates = world.sample(60).map((slate, i) => ({ ...slate, user: { country: i % 2 ? 'A' : 'B' } }));
    const shared = { ...options, target: world.policy('target') };
    const countries = await evaluate(slates, { ...shared, by: 'user.country' });
    expect(countries.groups.map(({ group, queries, share }) => [group, queries, share])).toEqual([
      ['A', 30, 0.5],
      ['B', 30, 0.5],
    ]);
    const opinions = await evaluate(slates, { ...shared, by: 'opinion' });
    expect(opinions.groups.map(({ group }) => group)).toEqual(['against', 'for', 'neither']);
    expect(opinions.groups.reduce((sum, { responses }) => sum + responses, 0)).toBe(240);
    await expect(evaluate(slates, { ...shared, by: 'constructor' })).rejects.toMatchObject({ code: 'NO_GROUPS' });
  });

  it('that are small are refused or pooled, and said', async () => {
    const world = tabularWorld({ seed: 3 });
    const topic = (i: number) => (i < 30 ? 'large' : i < 38 ? 'small' : i < 45 ? 'tiny' : undefined);
    const slates = world.sample(60).map((slate, i) => ({ ...slate, topic: topic(i) }));
    const shared = { ...options, target: world.policy('target'), by: 'topic' };
    const refused = await evaluate(slates, shared);
    expect(refused.groups.map(({ group, small }) => [group, small])).toEqual([
      ['large', false],
      ['small', true],
      ['tiny', true],
    ]);
    expect(refused.acrossGroups!.groups.map(({ group }) => group)).toEqual(['large']);
    expect(refused.warnings.find(({ code }) => code === 'SMALL_GROUPS')!.message).toMatch(
      /2 groups.*"small" \(8\), "tiny" \(7\)/,
    );
    const pooled = await evaluate(slates, { ...shared, smallGroups: 'pool' });
    expect(pooled.groups.map(({ group, queries, small }) => [group, queries, small])).toEqual([
      ['large', 30, false],
      [POOLED_GROUP, 15, false],
    ]);
    const strict = await evaluate(slates, { ...shared, strict: true });
    expect(strict.groups.map(({ estimates }) => estimates.length)).toEqual([1, 0, 0]);
    expect(strict.warnings.at(-1)!.code).toBe('LEFT_OUT');
  });

  it('pooled judges are heard alike on a query that several judged', () => {
    const groups: LogGroup[] = [
      { group: 'a', mass: 3, selection: { queries: [0, 2], rewards: [1, 0, 0.5] } },
      { group: 'b', mass: 1, selection: { queries: [0, 1], rewards: [0, 0.5, 0.25, 1] } },
    ];
    const [pooled] = ruledGroups(groups, 5, 'pool', Int32Array.of(2, 2, 1));
    expect(pooled).toEqual({
      group: POOLED_GROUP,
      mass: 4,
      share: 1,
      small: true,
      selection: { queries: [0, 1, 2], rewards: [0.5, 0.25, 0.25, 1, 0.5] },
    });
  });

  it('refuse options that make no sense', async () => {
    const world = tabularWorld();
    const shared = { ...options, target: world.policy('target'), by: 'group' };
    await expect(evaluate(world.sample(3), { ...shared, minGroup: 0 })).rejects.toMatchObject({ code: 'OPTION' });
    await expect(evaluate(world.sample(3), { ...shared, smallGroups: 'drop' as 'pool' })).rejects.toThrow(
      /refuse, pool/,
    );
  });
});

import { describe, expect, it } from 'vitest';
import type { Judgement, LoggedResponse, Slate } from '../../src/data/slate.js';
import { parseReward, type RewardName, slateReward } from '../../src/reward/index.js';
import fc from '../helpers/properties.js';

type Opinion = Omit<Partial<LoggedResponse>, 'id' | 'text'>;

const slate = (...opinions: Opinion[]): Slate => ({
  id: 'q1',
  prompt: 'p',
  responses: opinions.map((opinion, index) => ({ id: 'abcdefgh'[index]!, text: 'x', ...opinion })),
});
const signals = (...values: number[]) => slate(...values.map((signal) => ({ signal })));
const judged = (...judgements: Judgement[][]) => slate(...judgements.map((each) => ({ judgements: each })));
const rewards = (input: Slate, reward?: RewardName, group?: string) => [
  ...slateReward(input, { reward, group })!.rewards,
];

describe('share', () => {
  it.each([
    [
      [3, 1, 0],
      [0.75, 0.25, 0],
    ],
    [
      [3, -1, 1],
      [0.75, 0, 0.25],
    ],
    [
      [0, 0, 0, 0],
      [0.25, 0.25, 0.25, 0.25],
    ],
    [
      [-2, -1],
      [0.5, 0.5],
    ],
    [[7], [1]],
    [
      [1.7e308, 1.7e308],
      [0.5, 0.5],
    ],
    [
      [5e-324, 0],
      [1, 0],
    ],
  ])('of %j is %j', (given, expected) => expect(rewards(signals(...given), 'share')).toEqual(expected));

  it('reports negatives and slates in which nobody voted', () => {
    expect(slateReward(signals(3, -1, -2))).toMatchObject({ negatives: 2, noPreference: false, used: 'share' });
    expect(slateReward(signals(0, -1))).toMatchObject({ negatives: 1, noPreference: true });
    expect(slateReward(signals(0, 0))).toMatchObject({ negatives: 0, noPreference: true });
  });
});

describe('log1p-share', () => {
  it('is the share of log(1 + u)', () => {
    const [first, second] = rewards(signals(7, 1), 'log1p-share');
    expect(first).toBeCloseTo(Math.log(8) / Math.log(16), 15);
    expect(second).toBeCloseTo(Math.log(2) / Math.log(16), 15);
    expect(rewards(signals(0, -3), 'log1p-share')).toEqual([0.5, 0.5]);
  });
});

describe('minmax', () => {
  it.each([
    [
      [1, 3, 2],
      [0, 1, 0.5],
    ],
    [
      [-4, 4, 0],
      [0, 1, 0.5],
    ],
    [
      [5, 5],
      [1, 1],
    ],
    [
      [0, 0],
      [1, 1],
    ],
    [
      [-1.7e308, 1.7e308, 0],
      [0, 1, 0.5],
    ],
  ])('of %j is %j', (given, expected) => expect(rewards(signals(...given), 'minmax')).toEqual(expected));

  it('counts only an all-zero slate as nobody voting', () => {
    expect(slateReward(signals(5, 5), { reward: 'minmax' })).toMatchObject({ noPreference: false, negatives: 0 });
    expect(slateReward(signals(0, 0), { reward: 'minmax' })).toMatchObject({ noPreference: true });
  });
});

describe('identity', () => {
  it('passes rewards on, zeros included', () => {
    expect(rewards(signals(0, 0.25, 1), 'identity')).toEqual([0, 0.25, 1]);
    expect(slateReward(signals(0), { reward: 'identity' })).toMatchObject({ noPreference: false });
  });
  it.each([1.5, -0.1])('refuses %d', (value) => {
    expect(() => slateReward(signals(0, value), { reward: 'identity' })).toThrow(
      expect.objectContaining({ code: 'REWARD_RANGE', message: expect.stringContaining('query "q1", response "b"') }),
    );
  });
});

describe('plackett-luce', () => {
  it('is the default without signals, and says when nobody preferred anything', () => {
    expect(slateReward(slate({ rank: 1 }, { rank: 2 }))).toMatchObject({ used: 'plackett-luce', noPreference: false });
    expect(slateReward(slate({}, {}))).toMatchObject({ noPreference: true, rewards: new Float64Array([1, 1]) });
    expect(slateReward(slate({ rank: 1 }, { rank: 1 }))).toMatchObject({ noPreference: true });
  });

  it('takes the responses own ranks first, then judgements, then signals', () => {
    const first = (input: Slate) => rewards(input, 'plackett-luce').map((worth) => worth === 1);
    const judgedBest = (signal: number): Opinion => ({ signal, judgements: [{ judge: 'j', winsOver: ['b'] }] });
    expect(first(slate({ rank: 2, ...judgedBest(9) }, { rank: 1, signal: 1 }))).toEqual([false, true]);
    expect(first(slate(judgedBest(1), { signal: 9 }))).toEqual([true, false]);
    expect(first(signals(1, 9))).toEqual([false, true]);
    expect(first(judged([{ judge: 'j', signal: 1 }], [{ judge: 'j', signal: 2 }]))).toEqual([false, true]);
  });

  it('makes one ranking per judge, over what the judge placed', () => {
    const two = judged(
      [
        { judge: 'j', rank: 1 },
        { judge: 'k', rank: 1 },
      ],
      [{ judge: 'j', rank: 2 }],
      [{ judge: 'k', rank: 2 }],
    );
    const [a, b, c] = rewards(two);
    expect(a).toBe(1);
    expect(b).toBeCloseTo(c!, 12);
    expect(b).toBeLessThan(1);
  });

  it('counts a win over each response named', () => {
    expect(rewards(judged([{ winsOver: ['b', 'c'] }], [], []))).toEqual(
      rewards(
        judged(
          [
            { judge: 'j', winsOver: ['b'] },
            { judge: 'k', winsOver: ['c'] },
          ],
          [],
          [],
        ),
      ),
    );
  });

  it('refuses a judge who places a response twice', () => {
    expect(() =>
      slateReward(
        judged(
          [
            { judge: 'j', rank: 1 },
            { judge: 'j', rank: 2 },
          ],
          [],
        ),
      ),
    ).toThrow(
      expect.objectContaining({ code: 'RANKING_AMBIGUOUS', message: expect.stringContaining('judge "j" place it') }),
    );
  });
});

describe('signals of judgements', () => {
  const votes = judged([{ signal: 1 }, { signal: 1 }], [{ signal: 2 }, { signal: 4 }], []);

  it('add up as votes', () => {
    expect(rewards(votes)).toEqual([0.25, 0.75, 0]);
  });

  it('average as ratings, which a response without any does not have', () => {
    const rated = judged([{ signal: 1 }, { signal: 1 }], [{ signal: 2 }, { signal: 4 }], [{ signal: 2 }]);
    expect(rewards(rated, 'minmax')).toEqual([0, 1, 0.5]);
    expect(() => slateReward(votes, { reward: 'minmax' })).toThrow('response "c" has no signal while others have');
  });

  it('give way to the responses own', () => {
    expect(rewards(slate({ signal: 1, judgements: [{ signal: 9 }] }, { signal: 3 }))).toEqual([0.25, 0.75]);
    expect(() => slateReward(slate({ signal: 1 }, { judgements: [{ signal: 9 }] }))).toThrow(
      expect.objectContaining({
        code: 'REWARD_NEEDS_SIGNAL',
        message: expect.stringContaining('response "b" has no signal'),
      }),
    );
  });

  it('are needed by every reward but plackett-luce', () => {
    for (const reward of ['share', 'minmax', 'identity', 'log1p-share'] as const) {
      expect(() => slateReward(slate({ rank: 1 }, { rank: 2 }), { reward })).toThrow(
        expect.objectContaining({
          code: 'REWARD_NEEDS_SIGNAL',
          message: expect.stringContaining('--reward plackett-luce'),
        }),
      );
    }
  });
});

describe('a group', () => {
  const mixed = slate(
    {
      signal: 50,
      judgements: [
        { group: 'US', signal: 3 },
        { group: 'DE', signal: 0 },
      ],
    },
    {
      signal: 1,
      judgements: [
        { group: 'US', signal: 1 },
        { group: 'DE', signal: 4 },
      ],
    },
  );

  it('counts only its own judgements', () => {
    expect(rewards(mixed, 'share', 'US')).toEqual([0.75, 0.25]);
    expect(rewards(mixed, 'share', 'DE')).toEqual([0, 1]);
    expect(rewards(mixed, 'plackett-luce', 'DE')[1]).toBe(1);
  });

  it('has no reward where it judged nothing', () => {
    expect(slateReward(mixed, { group: 'FR' })).toBeNull();
    expect(slateReward(signals(1, 2), { group: 'US' })).toBeNull();
  });

  it('gets its default from its own judgements', () => {
    const input = slate(
      { signal: 1, judgements: [{ group: 'US', rank: 1 }] },
      { signal: 2, judgements: [{ group: 'US', rank: 2 }] },
    );
    expect(slateReward(input, { group: 'US' })!.used).toBe('plackett-luce');
    expect(() => slateReward(input, { group: 'US', reward: 'share' })).toThrow('it has no "US" signals');
  });
});

it('parseReward refuses unknown names', () => {
  expect(parseReward('minmax')).toBe('minmax');
  expect(() => parseReward('shares')).toThrow(expect.objectContaining({ code: 'REWARD_NAME', exitCode: 2 }));
});

describe('all rewards', () => {
  it('lie in [0, 1], follow the order of the signals and of a permutation of the slate', () => {
    const values = fc.array(fc.integer({ min: -3, max: 9 }), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(
        values,
        fc.constantFrom<RewardName>('share', 'minmax', 'log1p-share', 'plackett-luce'),
        (given, name) => {
          const result = rewards(signals(...given), name);
          const reversed = rewards(signals(...[...given].reverse()), name).reverse();
          for (const [i, value] of result.entries()) {
            expect(value).toBeGreaterThanOrEqual(0);
            expect(value).toBeLessThanOrEqual(1);
            expect(value).toBeCloseTo(reversed[i]!, 10);
            for (const [j, other] of result.entries()) {
              if (given[i]! >= given[j]!) expect(value).toBeGreaterThanOrEqual(other - 1e-10);
            }
          }
        },
      ),
    );
  });
});

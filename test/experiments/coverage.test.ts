import { expect, it } from 'vitest';
import { evaluate } from '../../src/estimators/evaluate.js';
import type { Verdict } from '../../src/estimators/result.js';
import { tabularWorld } from '../../src/experiments/worlds/tabular.js';
import { trueValue } from '../../src/experiments/worlds/tabular-truth.js';

/** POPE_COVERAGE_SEEDS=200 measures what docs/estimators.md quotes. */
const SEEDS = Number(process.env.POPE_COVERAGE_SEEDS ?? 40);

it.each(['bootstrap-percentile', 't'] as const)(
  '%s intervals of the decomposed value cover the truth about as often as they claim',
  async (interval) => {
    const covered = { value: 0, utility: 0, diversity: 0, selfNormalised: 0 };
    for (let seed = 0; seed < SEEDS; seed++) {
      const world = tabularWorld({ seed });
      const { estimates } = await evaluate(world.sample(400), {
        target: world.policy('target'),
        logging: 'log',
        estimators: ['decomposed'],
        normalise: 'none',
        reward: 'identity',
        interval,
        resamples: 1000,
        seed,
      });
      const row = estimates[0]!;
      const truth = trueValue(world, { form: 'soft' });
      const inside = (bounds: typeof row.interval, value: number) =>
        Number(bounds!.low <= value && value <= bounds!.high);
      covered.value += inside(row.interval, truth.value);
      covered.utility += inside(row.utilityInterval, truth.utility);
      covered.diversity += inside(row.diversityInterval, truth.diversity);
      covered.selfNormalised += inside(row.selfNormalisedInterval, truth.value);
    }
    if (process.env.POPE_COVERAGE_SEEDS) console.log(interval, covered, `of ${SEEDS}`);
    // Four standard errors of a share of 0.95 below it; a quarter of one interval too wide cannot be told from 40 seeds.
    const least = SEEDS * 0.95 - 4 * Math.sqrt(SEEDS * 0.95 * 0.05);
    for (const count of Object.values(covered)) expect(count).toBeGreaterThanOrEqual(least);
  },
);

it('verdicts separate intervals that cover from intervals that do not, as the policies drift apart', async () => {
  const counts: Record<Verdict, { covered: number; all: number }> = {
    reliable: { covered: 0, all: 0 },
    caution: { covered: 0, all: 0 },
    unreliable: { covered: 0, all: 0 },
  };
  for (const lean of [1, 6, 12, 25]) {
    for (let seed = 0; seed < SEEDS / 4; seed++) {
      const world = tabularWorld({ seed, lean });
      const { estimates } = await evaluate(world.sample(400), {
        target: world.policy('target'),
        logging: 'log',
        estimators: ['slate', 'decomposed'],
        normalise: 'none',
        reward: 'identity',
        lambdaDiv: 0.2,
        interval: 't',
      });
      for (const { form, verdict, interval } of estimates) {
        const truth = trueValue(world, { form, lambdaDiv: 0.2 }).value;
        counts[verdict].all++;
        counts[verdict].covered += Number(interval!.low <= truth && truth <= interval!.high);
      }
    }
  }
  if (process.env.POPE_COVERAGE_SEEDS) console.log(counts);
  expect(counts.reliable.covered).toBeGreaterThan(0.85 * counts.reliable.all);
  expect(counts.reliable.all).toBeGreaterThan(SEEDS / 2);
  expect(counts.caution.covered).toBeLessThan(0.8 * counts.caution.all);
  expect(counts.unreliable.covered).toBeLessThan(0.2 * counts.unreliable.all);
});

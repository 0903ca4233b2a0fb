import { expect, it } from 'vitest';
import { evaluate } from '../../src/estimators/evaluate.js';
import { sensitivity } from '../../src/estimators/sensitivity.js';
import { tabularWorld } from '../../src/experiments/worlds/tabular.js';

const world = tabularWorld({ seed: 1 });
const slates = world.sample(200);
const options = { target: world.policy('target'), logging: 'log', reward: 'identity', lambdaDiv: 0 } as const;

it('says what noise, temperature and another logging policy make of a value', async () => {
  const rows = await sensitivity(slates, { ...options, alternatives: new Map([['itself', world.policy('target')]]) });
  const [given] = rows;
  const { estimates } = await evaluate(slates, { ...options, normalise: 'none', interval: 't' });
  const row = estimates.find(({ estimator }) => estimator === 'decomposed')!;
  expect(given).toMatchObject({ change: 'none', value: row.value, lowest: row.value, verdict: row.verdict });
  const noise = rows.filter(({ change }) => change === 'noise');
  // E[exp(noise)] = exp(sd^2 / 2): weights, and with them values, grow.
  for (const { amount, value, meanWeight } of noise) {
    const growth = Math.exp((amount as number) ** 2 / 2);
    expect(value! / given!.value!).toBeCloseTo(growth, 1);
    expect(meanWeight! / given!.meanWeight!).toBeCloseTo(growth, 1);
  }
  const spread = noise.map(({ lowest, highest }) => highest! - lowest!);
  expect(spread).toEqual(spread.toSorted((a, b) => a - b));
  // Likelier logging makes smaller weights: l0 times 0.8 is above l0.
  const factors = rows.filter(({ change }) => change === 'factor').map(({ value }) => value!);
  expect(factors).toEqual(factors.toSorted((a, b) => a - b));
  // Where the target wrote the log, weights are 1 and the value is the plain mean.
  expect(rows.at(-1)).toMatchObject({ change: 'replaced', amount: 'itself', meanWeight: 1 });
  expect(rows.at(-1)!.effectiveSampleSize).toBeCloseTo(800, 9);
});

it('refuses a lambda that changes with the scores', async () => {
  await expect(sensitivity(slates, { ...options, lambdaDiv: 'auto' })).rejects.toMatchObject({ code: 'OPTION' });
});

import { describe, expect, it } from 'vitest';
import { LoggedDataset } from '../../src/data/dataset.js';
import { SPLITS } from '../../src/data/split.js';
import { evaluate } from '../../src/estimators/evaluate.js';
import { simulate, WORLDS } from '../../src/experiments/simulate.js';
import { textWorld } from '../../src/experiments/worlds/text/text-world.js';
import { valueOfSamples } from '../../src/experiments/worlds/text/value.js';
import { everyText, smallWorld } from './worlds/text/small-world.js';

/** The part of V that is utility: decomposed, soft, lambda_div 0, no transform of the weights. */
async function estimate(world: string) {
  const { slates, target, truth } = simulate(world, { seed: 1, queries: 1500 });
  const log = LoggedDataset.fromSlates(slates);
  const options = {
    target,
    logging: 'log',
    normalise: 'none',
    reward: 'identity',
    form: 'soft',
    lambdaDiv: 0,
  } as const;
  const evaluation = await evaluate(log, { ...options, transform: 'none', interval: 't', seed: 0 });
  const row = evaluation.estimates.find(({ estimator, normalise }) => {
    return estimator === 'decomposed' && normalise === 'none';
  })!;
  const half = (row.interval!.high - row.interval!.low) / 2;
  return { error: row.utility! - truth.truth.find(({ form }) => form === 'soft')!.utility, half };
}

describe('simulate', () => {
  it('knows the text worlds', () => {
    expect(WORLDS.filter((name) => name.startsWith('text-'))).toEqual(
      ['pluralistic', 'unanimous', 'misestimated', 'adversarial', 'skewed', 'short'].map((name) => `text-${name}`),
    );
    expect(() => simulate('text-atlantis')).toThrow(expect.objectContaining({ code: 'WORLD_UNKNOWN' }));
  });

  it('writes a log over all splits, by slate and by query alike', async () => {
    const { slates, truth } = simulate('text-pluralistic', { queries: 400, slateSize: 2 });
    const world = textWorld('pluralistic');
    for (const split of SPLITS) {
      const queries = new Set(world.queries(split).map(({ id }) => id));
      let seen = 0;
      for await (const { id } of LoggedDataset.fromSlates(slates, { split })) {
        expect(queries.has(world.query(id).id)).toBe(true);
        seen++;
      }
      expect(seen).toBeGreaterThan(20);
    }
    expect(truth).toMatchObject({ world: 'text-pluralistic', seed: 0, queries: 400, slateSize: 2 });
  });

  it.each(['text-pluralistic', 'text-adversarial', 'text-skewed'])('%s: the true value is estimated', async (world) => {
    const { error, half } = await estimate(world);
    expect(Math.abs(error)).toBeLessThan(2.5 * half);
  });

  it('text-misestimated: wrong propensities give a wrong value', async () => {
    const { error, half } = await estimate('text-misestimated');
    expect(Math.abs(error)).toBeGreaterThan(2.5 * half);
  });
});

describe('valueOfSamples', () => {
  const world = smallWorld();
  const [query] = world.queries();

  it.each(['soft', 'expected', 'gated'] as const)('finds V, form %s, within its standard error', (form) => {
    // V by enumeration: sum_a pi(a) R(a).
    let utility = 0;
    let diversity = 0;
    for (const text of everyText()) {
      const logProb = world.logProb('target', query!.id, text);
      const [p, signal] = [Math.exp(logProb), world.expectedVotes(query!.id, text) / 60];
      utility += p * signal * (form === 'expected' ? p : 1);
      diversity -= p * logProb * (form === 'expected' ? p : form === 'gated' ? signal : 1);
    }
    const texts = world.sample('target', undefined, 4000).get(query!.id)!;
    const answers = texts.map((text) => ({ text, logProb: world.logProb('target', query!.id, text) }));
    const samples = new Map([[query!.id, answers]]);
    const found = valueOfSamples(world, samples, { form, slateSize: 3, lambdaCu: 2, lambdaDiv: 0.5 });
    for (const [part, exact] of [
      ['utility', 6 * utility],
      ['diversity', 1.5 * diversity],
      ['value', 6 * utility + 1.5 * diversity],
    ] as const) {
      expect(Math.abs(found[part].mean - exact), part).toBeLessThan(4 * found[part].standardError);
      expect(found[part].standardError).toBeLessThan(0.1 * Math.abs(exact));
    }
  });
});

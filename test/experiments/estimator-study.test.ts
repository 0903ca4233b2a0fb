import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/estimators/evaluate.js';
import { type StudyRow, studyEstimators } from '../../src/experiments/estimator-study.js';
import { simulate, TABULAR_WORLDS } from '../../src/experiments/simulate.js';
import { TABULAR_KINDS, type TabularKind, tabularWorld } from '../../src/experiments/worlds/tabular.js';
import { expectedEstimate, trueValue } from '../../src/experiments/worlds/tabular-truth.js';

/** POPE_STUDY_SEEDS=200 measures what docs/estimators.md quotes. */
const SEEDS = Number(process.env.POPE_STUDY_SEEDS ?? 12);
const QUERIES = 400;

const find = (rows: StudyRow[], estimator: string, transform: string, selfNormalised = false) =>
  rows.find(
    (row) => row.estimator === estimator && row.transform === transform && row.selfNormalised === selfNormalised,
  )!;

describe('worlds in which something is wrong', () => {
  it.each(TABULAR_KINDS)('%s: probabilities sum to 1, and the truth is a finite sum', (kind) => {
    const world = tabularWorld({ kind, seed: 5 });
    for (const candidates of world.contexts) {
      for (const policy of ['targetLogProb', 'loggingLogProb'] as const) {
        expect(candidates.reduce((sum, candidate) => sum + Math.exp(candidate[policy]), 0)).toBeCloseTo(1, 12);
      }
    }
    expect(Number.isFinite(trueValue(world, { form: 'soft' }).value)).toBe(true);
  });

  it('lack support: what estimates converge to is far below the truth', () => {
    const world = tabularWorld({ kind: 'deficient-support', seed: 5 });
    const { value } = trueValue(world, { form: 'soft' });
    expect(expectedEstimate(world, 'decomposed', 'none', { form: 'soft' }).value).toBeLessThan(0.8 * value);
    for (const candidates of world.contexts) {
      expect(candidates.filter(({ loggingLogProb }) => loggingLogProb === -Infinity).length).toBeGreaterThanOrEqual(4);
    }
  });

  it('log other propensities than they draw by: flatter ones, or ones that remember the slate', () => {
    const [honest, flat, fitted] = (['overlap', 'misestimated', 'in-sample'] as const).map((kind) => {
      return tabularWorld({ kind, seed: 5 }).sample(50);
    });
    const texts = (slates: typeof honest) => slates!.map(({ responses }) => responses.map(({ text }) => text));
    expect(texts(flat)).toEqual(texts(honest));
    expect(texts(fitted)).toEqual(texts(honest));
    for (const [i, slate] of honest!.entries()) {
      for (const [k, { logging }] of slate.responses.entries()) {
        const p = Math.exp(logging!.logprob);
        const same = slate.responses.filter(({ text }) => text === slate.responses[k]!.text).length / 4;
        expect(Math.exp(fitted![i]!.responses[k]!.logging!.logprob)).toBeCloseTo((p + same) / 2, 12);
      }
    }
  });

  it('have names of their own', () => {
    expect([...TABULAR_WORLDS.keys()]).toContain('tabular-heavy-tails');
    const { truth, slates } = simulate('tabular-deficient-support', { queries: 20 });
    expect(truth.world).toBe('tabular-deficient-support');
    expect(slates).toHaveLength(20);
  });
});

describe('the verdict', () => {
  const verdicts = async (kind: TabularKind) => {
    const counts = { reliable: 0, caution: 0, unreliable: 0 };
    for (let seed = 0; seed < SEEDS; seed++) {
      const world = tabularWorld({ kind, seed });
      const { verdict } = await evaluate(world.sample(QUERIES), {
        target: world.policy('target'),
        logging: 'log',
        reward: 'identity',
        interval: 't',
      });
      counts[verdict]++;
    }
    if (process.env.POPE_STUDY_SEEDS) console.log(kind, counts);
    return counts;
  };

  it('is reliable where policies overlap', async () => {
    const { reliable } = await verdicts('overlap');
    expect(reliable / SEEDS).toBeGreaterThanOrEqual(0.95 - 3 * Math.sqrt((0.95 * 0.05) / SEEDS));
  });

  it.each(['deficient-support', 'heavy-tails', 'in-sample'] as const)('is never reliable with %s', async (kind) => {
    expect((await verdicts(kind)).reliable).toBe(0);
  });
});

describe('a study', () => {
  it('finds small errors and honest intervals where policies overlap, and their absence elsewhere', async () => {
    const options = { seeds: SEEDS, queries: QUERIES };
    const { rows, seeds } = await studyEstimators('tabular', options);
    expect(seeds).toBe(SEEDS);
    const good = find(rows, 'decomposed', 'clip:10');
    expect(good.seeds).toBe(SEEDS);
    expect(Math.abs(good.bias)).toBeLessThan(4 * Math.sqrt(good.variance / SEEDS));
    expect(good.mse).toBeCloseTo(good.variance + good.bias ** 2, 12);
    expect(good.coverage).toBeGreaterThan(0.7);
    expect(good.verdicts.reliable).toBeGreaterThan(0.7);
    // Theorem B: one weight per response has less variance than one per slate.
    expect(good.variance).toBeLessThan(find(rows, 'slate', 'clip:10').variance);
    expect(find(rows, 'bound', 'identity').bias).toBeLessThan(0);

    const missing = await studyEstimators('tabular-deficient-support', options);
    const blind = find(missing.rows, 'decomposed', 'clip:10');
    expect(blind).toMatchObject({ coverage: 0, coverageWhenReliable: null, verdicts: { reliable: 0 } });
    for (const row of missing.rows) expect(row.verdicts.reliable).toBe(0);
  });

  it('refuses worlds without a known value, and a single seed', async () => {
    await expect(studyEstimators('text-unanimous', { seeds: 3 })).rejects.toMatchObject({ code: 'WORLD_UNKNOWN' });
    await expect(studyEstimators('tabular', { seeds: 1 })).rejects.toMatchObject({ code: 'OPTION' });
  });
});

import { describe, expect, it } from 'vitest';
import { LoggedDataset } from '../../../src/data/dataset.js';
import { estimatorName, form, normalisation } from '../../../src/estimators/result.js';
import { slateEstimates } from '../../../src/estimators/slate-estimates.js';
import { simulate } from '../../../src/experiments/simulate.js';
import { TABULAR_GROUPS, type TabularWorld, tabularWorld } from '../../../src/experiments/worlds/tabular.js';
import { expectedEstimate, trueValue } from '../../../src/experiments/worlds/tabular-truth.js';

/** Every slate of candidates of every context with its probability under the logging policy: the brute-force expectation. */
function* everySlate(world: TabularWorld) {
  for (const candidates of world.contexts) {
    const count = candidates.length ** world.slateSize;
    for (let code = 0; code < count; code++) {
      const slate = Array.from({ length: world.slateSize }, (_, k) => {
        return candidates[Math.floor(code / candidates.length ** k) % candidates.length]!;
      });
      const logProbability = slate.reduce((total, candidate) => total + candidate.loggingLogProb, 0);
      yield { slate, probability: Math.exp(logProbability) / world.contexts.length };
    }
  }
}

function lengthOf(candidate: { tokens: number; text: string }, normalise: string): number {
  return normalise === 'none' ? 1 : normalise === 'tokens' ? candidate.tokens : Buffer.byteLength(candidate.text);
}

describe('truth of a tabular world', () => {
  // A bound is not linear in the reward, so votes would have to be enumerated too: linear estimators only.
  const world = tabularWorld({ seed: 3, contexts: 2, candidates: 4, slateSize: 3 });

  it.each(normalisation.options)('V_Z is the enumerated mean of slateEstimates under %s', (normalise) => {
    const slates = [...everySlate(world)];
    const responses = slates.flatMap(({ slate }) => slate);
    const column = (of: (candidate: (typeof responses)[number]) => number) => Float64Array.from(responses, of);
    const data = {
      logProb: column((candidate) => candidate.targetLogProb / lengthOf(candidate, normalise)),
      loggingLogProb: column((candidate) => candidate.loggingLogProb / lengthOf(candidate, normalise)),
      reward: column((candidate) => candidate.reward),
      slateOffsets: Int32Array.from({ length: slates.length + 1 }, (_, i) => i * world.slateSize),
      queryWeight: Float64Array.from(slates, ({ probability }) => probability),
    };
    for (const name of form.options) {
      const estimates = slateEstimates(data, { form: name, lambdaCu: 0.8, lambdaDiv: 1.3 });
      for (const estimator of ['slate', 'decomposed'] as const) {
        const truth = expectedEstimate(world, estimator, normalise, { form: name, lambdaCu: 0.8, lambdaDiv: 1.3 });
        expect(truth.value).toBeCloseTo(estimates[estimator].value, 11);
        expect(truth.utility).toBeCloseTo(estimates[estimator].utility, 11);
        expect(truth.diversity).toBeCloseTo(estimates[estimator].diversity, 11);
      }
    }
  });

  it("under 'none' the slate and the decomposed estimator have the value itself as expectation (theorem A)", () => {
    for (const name of form.options) {
      const truth = trueValue(world, { form: name });
      for (const estimator of ['slate', 'decomposed'] as const) {
        expect(expectedEstimate(world, estimator, 'none', { form: name }).value).toBeCloseTo(truth.value, 12);
      }
      expect(expectedEstimate(world, 'bound', 'none', { form: name }).value).toBeLessThanOrEqual(truth.value);
    }
  });

  it('holds on a sampled log within five standard errors, the bound and groups included', () => {
    const sampled = tabularWorld({ seed: 5, slateSize: 2 });
    const slates = sampled.sample(20_000);
    const policies = { target: sampled.policy('target'), logging: sampled.policy('logging') };
    expect(policies.target.id).not.toBe(policies.logging.id);
    const candidates = new Map(sampled.contexts.flat().map((candidate) => [candidate.text, candidate]));
    const responses = slates.flatMap((slate) => slate.responses);
    const column = (of: (response: (typeof responses)[number]) => number) => Float64Array.from(responses, of);
    const base = {
      logProb: column((response) => candidates.get(response.text)!.targetLogProb),
      loggingLogProb: column((response) => response.logging!.logprob),
      slateOffsets: Int32Array.from({ length: slates.length + 1 }, (_, i) => 2 * i),
    };
    const check = (reward: Float64Array, group?: number) => {
      const options = group === undefined ? { form: 'gated' as const } : { form: 'gated' as const, group };
      const estimates = slateEstimates({ ...base, reward }, { form: 'gated' });
      for (const estimator of estimatorName.options) {
        const { contributions, value } = estimates[estimator];
        const variance = contributions.reduce((total, x) => total + (x - value) ** 2, 0) / slates.length;
        const truth = expectedEstimate(sampled, estimator, 'none', options).value;
        expect(Math.abs(value - truth)).toBeLessThan(5 * Math.sqrt(variance / slates.length));
      }
    };
    check(column((response) => response.signal!));
    for (const [g, { name }] of TABULAR_GROUPS.entries()) {
      check(
        column(({ judgements }) => {
          const votes = judgements!.filter((judgement) => judgement.group === name);
          return votes.reduce((total, vote) => total + vote.signal!, 0) / votes.length;
        }),
        g,
      );
    }
  });
});

describe('a tabular world', () => {
  it('is a function of its options', () => {
    expect(tabularWorld({ seed: 4 }).sample(5)).toEqual(tabularWorld({ seed: 4 }).sample(5));
    expect(tabularWorld({ seed: 4 }).sample(5)).not.toEqual(tabularWorld({ seed: 5 }).sample(5));
    expect(tabularWorld({ seed: 4 }).sample(5)).toEqual(tabularWorld({ seed: 4 }).sample(9).slice(0, 5));
    expect(tabularWorld({ seed: 4 }).sample(5, 1)).not.toEqual(tabularWorld({ seed: 4 }).sample(5, 0));
  });

  it('has densities, lengths and tastes in range', () => {
    for (const candidates of tabularWorld({ seed: 9 }).contexts) {
      for (const key of ['targetLogProb', 'loggingLogProb'] as const) {
        expect(candidates.reduce((total, candidate) => total + Math.exp(candidate[key]), 0)).toBeCloseTo(1, 12);
      }
      for (const { tokens, reward } of candidates) {
        expect(tokens).toBeGreaterThanOrEqual(1);
        expect(tokens).toBeLessThanOrEqual(8);
        expect(reward).toBeGreaterThanOrEqual(0);
        expect(reward).toBeLessThanOrEqual(1);
      }
    }
  });

  it('refuses a log of another world', async () => {
    const policy = tabularWorld().policy('target');
    const foreign = [{ id: 'q', prompt: 'Hm?', responses: [{ id: 'a', text: 'No.' }] }];
    await expect(policy.score(foreign)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'NOT_OF_THIS_WORLD',
    });
  });
});

describe('simulate', () => {
  it('gives a valid log, a target that scores it and the truth', async () => {
    const { slates, target, truth } = simulate('tabular', { seed: 2, queries: 30 });
    const logging = tabularWorld({ seed: 2 }).policy('logging');
    const read: unknown[] = [];
    for await (const slate of LoggedDataset.fromSlates(slates)) read.push(slate);
    expect(read).toHaveLength(30);
    for await (const { query, responses } of logging.score(slates)) {
      const slate = slates.find(({ id }) => id === query)!;
      expect(responses.map((score) => score.logprob)).toEqual(
        slate.responses.map((response) => response.logging!.logprob),
      );
    }
    let scored = 0;
    for await (const { responses } of target.score(slates)) scored += responses.length;
    expect(scored).toBe(120);
    expect(truth.truth[1]).toEqual({ form: 'soft', ...trueValue(tabularWorld({ seed: 2 }), { form: 'soft' }) });
    expect(new Set(truth.groups.map(({ group }) => group))).toEqual(new Set(TABULAR_GROUPS.map(({ name }) => name)));
    expect(truth.expected).toHaveLength(27);
  });

  it('names the worlds that there are', () => {
    expect(() => simulate('atlantis')).toThrow(expect.objectContaining({ code: 'WORLD_UNKNOWN' }));
    expect(() => simulate('tabular', { queries: 0 })).toThrow(expect.objectContaining({ code: 'OPTION' }));
  });
});

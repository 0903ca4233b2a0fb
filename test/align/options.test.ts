import { describe, expect, it } from 'vitest';
import { likelihoodWeights } from '../../src/align/likelihood-weights.js';
import { needsReference, resolveSettings, type TrainingSettings } from '../../src/align/options.js';
import { expectClose, tolerances } from '../helpers/tolerance.js';

describe('presets', () => {
  it('default trains stably', () => {
    expect(resolveSettings({})).toMatchObject({
      ...{ method: 'pope', objective: 'decomposed', form: 'soft', lambdaCu: 1, lambdaDiv: 0, transform: 'clip:5' },
      ...{ normalise: 'tokens', gradient: 'exact', baseline: 0, lr: 2e-5, batch: 8, maxNorm: 1, weightDecay: 0 },
    });
  });

  it('paper is as published', () => {
    expect(resolveSettings({ preset: 'paper' })).toMatchObject({
      ...{ objective: 'slate', form: 'expected', lambdaCu: 1, lambdaDiv: 1, transform: 'identity', reward: 'share' },
      ...{ normalise: 'tokens', lr: 1e-5, batch: 4, maxNorm: 0 },
    });
  });

  it('give way to what is said', () => {
    const settings = resolveSettings({ preset: 'paper', lr: 1e-3, objective: 'decomposed', transform: 'power:0.5' });
    expect(settings).toMatchObject({ lr: 1e-3, objective: 'decomposed', transform: 'power:0.5', form: 'expected' });
    expect(resolveSettings({ objective: 'bound' }).transform).toBe('identity');
  });

  it('take more slates where one response of each is drawn, and less of a rate for preferences', () => {
    expect(resolveSettings({ method: 'opinion' })).toMatchObject({ batch: 48, responses: 'drawn', opinionG: 8 });
    expect(resolveSettings({ method: 'rwsft', responses: 'all' }).batch).toBe(8);
    expect(resolveSettings({ method: 'opinion', opinion: 'pooled' }).opinionG).toBe(3);
    expect(resolveSettings({ method: 'dpo' }).lr).toBe(5e-7);
    expect(resolveSettings({ method: 'sft', lora: 8 })).toMatchObject({ lr: 2e-4, loraAlpha: 16 });
  });

  it('ask for a reference only where it enters', () => {
    const asks = (settings: TrainingSettings) => needsReference(resolveSettings(settings));
    expect(
      [{ method: 'dpo' }, { method: 'pl' }, { proximity: 0.1 }, { lambdaDiv: 'auto' }].map((s) => asks(s as object)),
    ).toEqual([true, true, true, true]);
    expect([{}, { method: 'sft' }, { method: 'opinion' }].map((s) => asks(s as object))).toEqual([false, false, false]);
  });
});

describe('settings refuse', () => {
  it.each([
    [{ method: 'ppo' }, /method: expected one of pope, .*got "ppo"/],
    [{ lr: 0 }, /lr: expected a number above 0, got number 0/],
    [{ batch: 1.5 }, /batch: expected a whole number of at least 1/],
    [{ lambdaDiv: -1 }, /lambdaDiv: expected a number of at least 0/],
    [{ transform: 'clip' }, /transform "clip"/],
    [{ objective: 'slate', form: 'soft' }, /ascends the mean weight and no preference/],
    [{ objective: 'bound', gradient: 'score' }, /objective bound takes no gradient score/],
    [{ objective: 'bound', baseline: 'mean' }, /objective bound takes no baseline/],
    [{ objective: 'bound', transform: 'clip:2' }, /objective bound takes no transform clip:2/],
  ])('%j', (settings, message) => {
    expect(() => resolveSettings(settings as TrainingSettings)).toThrow(message);
  });
});

describe('likelihood weights', () => {
  const slate = (queryKey: string, votes: number[], labels: (string | undefined)[]) => {
    const total = votes.reduce((sum, vote) => sum + vote, 0);
    return {
      queryKey,
      votes: Float64Array.from(votes),
      rewards: Float64Array.from(votes, (vote) => vote / total),
      labels,
    };
  };
  const settings = (changes: TrainingSettings) => resolveSettings({ method: 'opinion', ...changes });

  it('pool the votes of all slates of a query', () => {
    // Opinion a has 6 and 2 votes, b has 4: mean votes 4 and 4, so each weighs 1/2; two slates, so twice that.
    const slates = [slate('q', [6, 4], ['a', 'b']), slate('q', [2], ['a']), slate('other', [1], ['a'])];
    const [first, second, third] = likelihoodWeights(slates, settings({ opinion: 'pooled', opinionG: 1 }));
    expectClose(first!, [2 * 0.5 * 0.75, 2 * 0.5], tolerances.f64, 'first');
    expectClose(second!, [2 * 0.5 * 0.25], tolerances.f64, 'second');
    expectClose(third!, [1], tolerances.f64, 'third');
  });

  it("divide by the logging policy's share of the opinion over all slates of a query", () => {
    // 20 responses of the query in two slates: a is 5 of them.
    const labels = Array.from({ length: 10 }, (_, k) => (k < 4 ? 'a' : 'b'));
    const others = labels.map((_, k) => (k < 1 ? 'a' : 'b'));
    const even = Array.from({ length: 10 }, () => 1);
    const [first] = likelihoodWeights([slate('q', even, labels), slate('q', even, others)], settings({ opinionG: 1 }));
    expectClose(first!.subarray(0, 1), [(0.5 * 0.25) / 0.25], tolerances.f64, 'a');
    expectClose(first!.subarray(9), [0.5 / 6 / 0.75], tolerances.f64, 'b');
  });

  it('are 0 for methods that have none', () => {
    expect([...likelihoodWeights([slate('q', [1, 2], [])], resolveSettings({ method: 'dpo' }))[0]!]).toEqual([0, 0]);
  });
});

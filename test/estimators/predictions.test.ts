import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/estimators/evaluate.js';
import type { EvaluateOptions } from '../../src/estimators/options.js';
import { Random } from '../../src/estimators/random.js';
import { type ScoredResponse, slatesOf, targetOf } from './support.js';

/** Three possible responses to every query; what people think of them is rewarded with noise. */
const REWARDS = [0.2, 0.5, 0.8];
const LOGGING = [0.5, 0.3, 0.2];
const TARGET = [0.2, 0.3, 0.5];
const TRUTH = REWARDS.reduce((total, r, a) => total + TARGET[a]! * r, 0);

function logged(queries: number, predict: (response: number) => number, stream = 0) {
  const random = new Random(4, stream);
  return Array.from({ length: queries }, () =>
    Array.from({ length: 2 }, (): ScoredResponse => {
      const a = random.categorical(LOGGING);
      const signal = Math.min(1, Math.max(0, REWARDS[a]! + 0.1 * random.normal()));
      const logProb = Math.log(TARGET[a]!);
      return { signal, prediction: predict(a), logProb, loggingLogProb: Math.log(LOGGING[a]!) };
    }),
  );
}

const ofTarget = (predict: (response: number) => number) => TARGET.reduce((total, p, a) => total + p * predict(a), 0);

async function valued(log: ScoredResponse[][], mean: number, options: Partial<EvaluateOptions> = {}) {
  const fields = log.map(() => ({ prediction: mean }));
  return evaluate(slatesOf(log, fields), {
    ...{ target: targetOf(log), logging: 'log', normalise: 'none', reward: 'identity', interval: 't' },
    prediction: 'prediction',
    ...options,
  });
}

describe('values with predictions of the reward', () => {
  it('are those of their formulas', async () => {
    const log: ScoredResponse[][] = [
      [
        { signal: 1, prediction: 0.5, logProb: Math.log(0.4), loggingLogProb: Math.log(0.2) },
        { signal: 0, prediction: 0.25, logProb: Math.log(0.1), loggingLogProb: Math.log(0.2) },
      ],
      [{ signal: 0.5, prediction: 0.75, logProb: Math.log(0.6), loggingLogProb: Math.log(0.2) }],
    ];
    const { predicted, estimates } = await valued(log, 0.25, { lambdaCu: 2, transform: 'clip:2.5' });
    const diversity = estimates.find(({ estimator }) => estimator === 'decomposed')!.diversity!;
    const direct = (2 * (2 + 1) * 0.25) / 2;
    const residuals = (2 * (2 * 0.5 - 0.5 * 0.25 - 2.5 * 0.25)) / 2;
    const utilities = [direct, direct + residuals, direct + (residuals * 3) / (2 + 0.5 + 2.5)];
    expect(predicted.map(({ estimator }) => estimator)).toEqual(['dm', 'dr', 'sndr']);
    for (const [i, { utility, value }] of predicted.entries()) {
      expect(utility).toBeCloseTo(utilities[i]!, 12);
      expect(value).toBeCloseTo(utilities[i]! + diversity, 12);
    }
  });

  it('find the truth where predictions or propensities are right, in narrower intervals where both are', async () => {
    const right = (a: number) => REWARDS[a]!;
    const wrong = (a: number) => 0.9 - 0.5 * a;
    const options: Partial<EvaluateOptions> = { reduction: 'mean' };
    const good = await valued(logged(600, right), ofTarget(right), options);
    const bad = await valued(logged(600, wrong), ofTarget(wrong), options);
    const tilted = logged(600, right).map((slate) => slate.map((one) => ({ ...one, loggingLogProb: Math.log(0.3) })));
    const misweighted = await valued(tilted, ofTarget(right), options);
    for (const { predicted } of [good, bad, misweighted]) {
      for (const { estimator, utility, utilityError } of predicted.slice(1)) {
        expect(Math.abs(utility - TRUTH), estimator).toBeLessThan(4 * utilityError!);
      }
    }
    expect(Math.abs(bad.predicted[0]!.utility - TRUTH)).toBeGreaterThan(0.1);
    const width = ({ utilityInterval }: { utilityInterval: { low: number; high: number } | null }) =>
      utilityInterval!.high - utilityInterval!.low;
    const weightsAlone = good.estimates.find(({ estimator }) => estimator === 'decomposed')!;
    expect(width(good.predicted[1]!)).toBeLessThan(0.6 * width(weightsAlone));
  });

  it('have bootstrap intervals of clusters too, and none but dm where a weight overflows', async () => {
    const log = logged(60, (a) => REWARDS[a]!);
    const options: Partial<EvaluateOptions> = { interval: 'bootstrap-bca', resamples: 200 };
    const { predicted } = await valued(log, 0.5, options);
    for (const { utility, utilityInterval } of predicted.slice(1)) {
      expect(utilityInterval!.low).toBeLessThan(utility);
      expect(utilityInterval!.high).toBeGreaterThan(utility);
    }
    log[0]![0]!.loggingLogProb = -800;
    const overflown = await valued(log, 0.5, { transform: 'identity' });
    expect(overflown.predicted).toMatchObject([{ estimator: 'dm', value: null, verdict: 'caution' }]);
  });

  it('obey strict', async () => {
    const { predicted } = await valued(
      logged(60, () => 0.5),
      0.5,
      { strict: true },
    );
    expect(predicted.map(({ estimator }) => estimator)).toEqual(['dm', 'dr', 'sndr']);
    const far = logged(60, () => 0.5);
    for (const slate of far) for (const one of slate) one.logProb = -9;
    await expect(valued(far, 0.5, { strict: true })).rejects.toMatchObject({ code: 'UNRELIABLE' });
    // Per token the policies are close: an index leads, and of these rows only the one without weights is left.
    for (const slate of far) for (const one of slate) one.tokens = 60;
    const byIndex = await valued(far, 0.5, { strict: true, normalise: 'tokens' });
    expect(byIndex.headline!.kind).toBe('index');
    expect(byIndex.predicted.map(({ estimator }) => estimator)).toEqual(['dm']);
  });

  it('need a number for every response and query, and form soft', async () => {
    const log = logged(5, () => 0.5);
    const without = logged(5, () => 0.5);
    without[3]![1]!.prediction = 'high';
    await expect(valued(without, 0.5)).rejects.toMatchObject({
      code: 'PREDICTION_MISSING',
      message: expect.stringMatching(/query "q3", response "r1".*"high"/),
    });
    await expect(valued(log, Number.NaN)).rejects.toMatchObject({ code: 'PREDICTION_MISSING' });
    await expect(valued(log, 0.5, { form: 'gated' })).rejects.toMatchObject({ code: 'OPTION' });
    expect((await valued(log, 0.5, { prediction: undefined })).predicted).toEqual([]);
  });
});

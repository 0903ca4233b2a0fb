import { describe, expect, it } from 'vitest';
import { type Evidence, judge, worstVerdict } from '../../src/estimators/verdict.js';

const good: Evidence = {
  estimator: 'decomposed',
  normalise: 'none',
  estimand: 'value',
  scores: { tokenizersDiffer: false, dtypesDiffer: false, modelled: false, truncatedShare: 0, tokensAssumedShare: 0 },
  queries: 500,
  value: 2,
  standardError: 0.1,
  diagnostics: {
    effectiveSampleSize: 1200,
    effectiveSampleShare: 0.6,
    maxWeight: 8,
    maxWeightShare: 0.01,
    meanWeight: 1.02,
    clippedShare: 0.001,
    clippingBias: 0.01,
    paretoK: 0.2,
    chiSquare: 0.6,
    queriesWithoutSupport: 0,
  },
};

function verdictOf(
  changes: Partial<Omit<Evidence, 'diagnostics' | 'scores'>> & {
    diagnostics?: Partial<Evidence['diagnostics']>;
    scores?: Partial<Evidence['scores']>;
  },
) {
  const { verdict, reasons } = judge({
    ...good,
    ...changes,
    scores: { ...good.scores, ...changes.scores },
    diagnostics: { ...good.diagnostics, ...changes.diagnostics },
  });
  return [verdict, ...reasons.map((reason) => reason.code)];
}

describe('the verdict', () => {
  it('is reliable without a reason', () => {
    expect(judge(good)).toEqual({ verdict: 'reliable', reasons: [] });
    expect(verdictOf({ diagnostics: { paretoK: null, clippingBias: null } })).toEqual(['reliable']);
  });

  it.each([
    ['FEW_QUERIES', 'caution', { queries: 49 }],
    ['FEW_QUERIES', 'unreliable', { queries: 9 }],
    ['LOW_EFFECTIVE_SAMPLE', 'caution', { diagnostics: { effectiveSampleSize: 49 } }],
    ['LOW_EFFECTIVE_SAMPLE', 'unreliable', { diagnostics: { effectiveSampleSize: 9 } }],
    ['LOW_EFFECTIVE_SAMPLE', 'unreliable', { diagnostics: { effectiveSampleSize: 0 } }],
    ['LOW_EFFECTIVE_SHARE', 'caution', { diagnostics: { effectiveSampleShare: 0.09 } }],
    ['LOW_EFFECTIVE_SHARE', 'unreliable', { diagnostics: { effectiveSampleShare: 0.009 } }],
    ['HEAVY_TAIL', 'caution', { diagnostics: { paretoK: 0.6, maxWeight: 30 } }],
    ['HEAVY_TAIL', 'unreliable', { diagnostics: { paretoK: 0.71, maxWeight: 30 } }],
    ['HEAVY_TAIL', 'unreliable', { diagnostics: { paretoK: 0.71, maxWeight: null } }],
    ['MEAN_WEIGHT_DRIFT', 'caution', { diagnostics: { meanWeight: 0.9, chiSquare: 3 } }],
    ['MEAN_WEIGHT_DRIFT', 'unreliable', { diagnostics: { meanWeight: 0.9, chiSquare: 0 } }],
    ['MEAN_WEIGHT', 'caution', { diagnostics: { meanWeight: 1.3, chiSquare: 500 } }],
    ['MEAN_WEIGHT', 'caution', { diagnostics: { meanWeight: 0.7, chiSquare: 500 } }],
    ['MEAN_WEIGHT', 'unreliable', { diagnostics: { meanWeight: 0.45, chiSquare: 500 } }],
    ['MEAN_WEIGHT', 'unreliable', { diagnostics: { meanWeight: 0, chiSquare: 500 } }],
    ['MEAN_WEIGHT', 'unreliable', { diagnostics: { meanWeight: null } }],
    ['CLIPPED_SHARE', 'caution', { diagnostics: { clippedShare: 0.06 } }],
    ['CLIPPED_SHARE', 'unreliable', { diagnostics: { clippedShare: 0.21 } }],
    ['CLIPPING_BIAS', 'caution', { diagnostics: { clippingBias: -0.06 } }],
    ['CLIPPING_BIAS', 'caution', { diagnostics: { clippingBias: 500 } }],
    ['DOMINANT_WEIGHT', 'caution', { diagnostics: { maxWeightShare: 0.2 } }],
    ['DOMINANT_WEIGHT', 'unreliable', { diagnostics: { maxWeightShare: 0.4 } }],
    ['NO_SUPPORT', 'caution', { diagnostics: { queriesWithoutSupport: 60 } }],
    ['NO_SUPPORT', 'unreliable', { diagnostics: { queriesWithoutSupport: 251 } }],
    ['WEIGHT_OVERFLOW', 'unreliable', { value: null }],
    ['MIXED_DTYPES', 'caution', { scores: { dtypesDiffer: true } }],
    ['TRUNCATED_PROMPTS', 'caution', { scores: { truncatedShare: 0.02 } }],
    ['TRUNCATED_PROMPTS', 'unreliable', { scores: { truncatedShare: 0.6 } }],
    ['TOKENIZER_MISMATCH', 'unreliable', { normalise: 'tokens', scores: { tokenizersDiffer: true } }],
    ['TOKENS_ASSUMED', 'caution', { normalise: 'tokens', scores: { tokensAssumedShare: 1 } }],
  ] as const)('%s alone makes it %s', (code, verdict, changes) => {
    expect(verdictOf(changes)).toEqual([verdict, code]);
  });

  it('asks for tokens only where they are counted', () => {
    expect(verdictOf({ scores: { tokenizersDiffer: true, tokensAssumedShare: 1 } })).toEqual(['reliable']);
  });

  it('suspects a logging model that saw the responses where weights are too small', () => {
    const low = { ...good.diagnostics, meanWeight: 0.7, chiSquare: 500 };
    const message = (modelled: boolean, meanWeight: number) =>
      judge({ ...good, scores: { ...good.scores, modelled }, diagnostics: { ...low, meanWeight } }).reasons[0]!.message;
    expect(message(true, 0.7)).toMatch(/fitted to these responses\?/);
    expect(message(true, 1.4)).not.toMatch(/fitted/);
    expect(message(false, 0.7)).not.toMatch(/fitted/);
  });

  it('is never better than caution for an index', () => {
    expect(verdictOf({ estimand: 'normalised' })).toEqual(['caution', 'INDEX']);
  });

  it('does not ask an index for a mean weight of 1, but distrusts one below 0.7', () => {
    expect(verdictOf({ estimand: 'normalised', diagnostics: { meanWeight: 3 } })).toEqual(['caution', 'INDEX']);
    expect(verdictOf({ estimand: 'normalised', diagnostics: { meanWeight: 0.69 } })).toEqual([
      'unreliable',
      'LOW_MEAN_WEIGHT',
      'INDEX',
    ]);
  });

  it('asks the bound for a mean weight of at most 1: that of a geometric mean is below', () => {
    expect(verdictOf({ estimator: 'bound', diagnostics: { meanWeight: 0.3 } })).toEqual(['reliable']);
    expect(verdictOf({ estimator: 'bound', diagnostics: { meanWeight: 1.55, chiSquare: 500 } })).toEqual([
      'caution',
      'MEAN_WEIGHT',
    ]);
    expect(verdictOf({ estimator: 'bound', diagnostics: { meanWeight: null } })).toEqual(['unreliable', 'MEAN_WEIGHT']);
  });

  it('does not take a few tied weights for a tail', () => {
    expect(verdictOf({ diagnostics: { paretoK: 2, maxWeight: 5 } })).toEqual(['reliable']);
  });

  it('allows a mean weight that is off by chance, or by little', () => {
    expect(verdictOf({ diagnostics: { meanWeight: 0.9, chiSquare: 40 } })).toEqual(['reliable']);
    expect(verdictOf({ diagnostics: { meanWeight: 0.96, chiSquare: 0 } })).toEqual(['reliable']);
  });

  it('treats a figure that is not a number as bad', () => {
    expect(verdictOf({ diagnostics: { effectiveSampleSize: Number.NaN } })).toEqual([
      'unreliable',
      'LOW_EFFECTIVE_SAMPLE',
    ]);
  });

  it('writes reasons that name figures', () => {
    const [reason] = judge({ ...good, queries: 12 }).reasons;
    expect(reason!.message).toMatch(/only 12 queries/);
  });
});

it('the worst verdict of several counts', () => {
  expect(worstVerdict([])).toBe('reliable');
  expect(worstVerdict(['reliable', 'unreliable', 'caution'])).toBe('unreliable');
});

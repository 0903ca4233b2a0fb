import { expect, it } from 'vitest';
import type { LogColumns } from '../../src/estimators/columns.js';
import { weightDiagnostics } from '../../src/estimators/diagnostics.js';
import { GrowingColumn } from '../../src/estimators/growing-column.js';
import { LargestValues } from '../../src/estimators/largest-values.js';
import { Random } from '../../src/estimators/random.js';
import { estimateRow, type RowOptions } from '../../src/estimators/row.js';
import { slateValue } from '../../src/native/objective.js';
import fc from '../helpers/properties.js';

const slates = 30_000;
const perSlate = 5;

/** More than two blocks of responses. */
function largeLog(): LogColumns {
  const random = new Random(3);
  const column = (of: () => number) => Float64Array.from({ length: slates * perSlate }, of);
  const tokens = Int32Array.from({ length: slates * perSlate }, () => 1 + random.integer(9));
  return {
    queryIds: Array.from({ length: slates }, (_, i) => `q${i}`),
    offsets: Int32Array.from({ length: slates + 1 }, (_, i) => i * perSlate),
    queryWeight: Float64Array.from({ length: slates }, () => random.integer(3)),
    clusters: null,
    reward: column(() => random.uniform()),
    targetLogProb: column(() => -5 * random.uniform()),
    loggingLogProb: column(() => -5 * random.uniform()),
    targetTokens: tokens,
    loggingTokens: tokens,
    bytes: tokens,
  };
}

const scores = {
  tokenizersDiffer: false,
  dtypesDiffer: false,
  modelled: true,
  truncatedShare: 0,
  tokensAssumedShare: 0,
};
const options: RowOptions = {
  estimator: 'decomposed',
  normalise: 'none',
  form: 'soft',
  lambdaCu: 1,
  lambdaDiv: 0.5,
  reduction: 'sum',
  transform: { name: 'clip', value: 10 },
  selfNormalise: false,
  scores,
};

it('a log of several blocks has the value and diagnostics of the whole', async () => {
  const columns = largeLog();
  const { estimate, overflow } = await estimateRow(columns, options);
  const log = {
    logProb: columns.targetLogProb,
    loggingLogProb: columns.loggingLogProb,
    reward: columns.reward,
    slateOffsets: columns.offsets,
    queryWeight: columns.queryWeight,
  };
  const whole = slateValue(log, options);
  expect(estimate.value).toBeCloseTo(whole.value, 11);
  expect(estimate.utility).toBeCloseTo(whole.utility, 11);
  const unclipped = slateValue(log, { ...options, transform: { name: 'identity', value: 0 } });
  expect(estimate.diagnostics.clippingBias).toBeCloseTo(unclipped.value - whole.value, 10);
  const logWeights = columns.targetLogProb.map((l, k) => l - columns.loggingLogProb[k]!);
  const { diagnostics } = estimate;
  const expected = weightDiagnostics({
    logWeights,
    transformed: logWeights.map((value) => Math.min(value, Math.log(10))),
    offsets: columns.offsets,
    queryWeight: columns.queryWeight,
    logClip: Math.log(10),
  });
  expect(diagnostics.clippedShare).toBe(expected.clippedShare);
  expect(diagnostics.queriesWithoutSupport).toBe(expected.queriesWithoutSupport);
  expect(diagnostics.effectiveSampleSize / expected.effectiveSampleSize).toBeCloseTo(1, 11);
  expect(diagnostics.meanWeight).toBeCloseTo(expected.meanWeight!, 11);
  expect(overflow).toBeNull();
});

it('a weight too large in the last block is named, and lets the event loop live on the way', async () => {
  const columns = largeLog();
  columns.targetLogProb[columns.targetLogProb.length - 1] = 900;
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  const identity = { name: 'identity', value: 0 } as const;
  const { estimate, overflow, statistics } = await estimateRow(columns, { ...options, transform: identity });
  clearInterval(timer);
  expect({ value: estimate.value, statistics }).toEqual({ value: null, statistics: null });
  expect(overflow).toMatchObject({ query: `q${slates - 1}` });
  expect(overflow!.logWeight).toBeGreaterThan(900);
  expect(turns).toBeGreaterThan(1);
});

it('stops between blocks when told to', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(estimateRow(largeLog(), { ...options, signal })).rejects.toThrow('enough');
});

it('the largest of many values are those that sorting gives', () => {
  const values = fc.array(fc.double({ noNaN: true }), { maxLength: 200 });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 20 }), (all, count) => {
      const largest = new LargestValues(count);
      for (const value of all) largest.add(value);
      const sorted = Float64Array.from(all).sort();
      expect([...largest.sorted()]).toEqual([...sorted.subarray(Math.max(0, all.length - count))]);
    }),
  );
});

it('a column grows without losing a number', () => {
  const column = new GrowingColumn(Int32Array);
  for (let i = 0; i < 5000; i++) column.push(i);
  expect(column.values).toEqual(Int32Array.from({ length: 5000 }, (_, i) => i));
});

import { describe, expect, it } from 'vitest';
import { SCALAR_ESTIMATORS } from '../../../src/estimators/scalar/definitions.js';
import { type EstimateOptions, estimate } from '../../../src/estimators/scalar/estimate.js';
import type { ScalarLog } from '../../../src/estimators/scalar/input.js';
import { type SavedEstimate, StreamingEstimate } from '../../../src/estimators/scalar/streaming.js';
import { meanOf, standardError } from '../../../src/estimators/statistic.js';
import { fixture } from './fixtures.js';

const { input } = fixture('log-n2000-k10-continuous');
const k: number = input.k;
const n: number = input.n;
const WHOLE = ['psis-ips', 'empirical-likelihood', 'cressie-read'];
const streamed = SCALAR_ESTIMATORS.filter((name) => !WHOLE.includes(name));

function part(rounds: readonly number[]): [ScalarLog, EstimateOptions] {
  const pick = (values: number[]) => rounds.map((i) => values[i]!);
  const rows = (values: number[]) => rounds.flatMap((i) => values.slice(i * k, (i + 1) * k));
  return [
    {
      reward: pick(input.reward),
      action: pick(input.action),
      propensity: pick(input.pscore),
      policy: rows(input.pi_e),
      qHat: rows(input.q_hat),
      k,
    },
    { estimatedWeight: pick(input.est_iw) },
  ];
}

const all = Array.from({ length: n }, (_, i) => i);
/** Rounds in another order, cut into parts of very different sizes. */
const shuffled = all.map((i) => (i * 1237) % n);
const cuts = [0, 1, 3, 200, 201, 1700, n];
const parts = cuts.slice(1).map((cut, p) => shuffled.slice(cuts[p], cut));

describe('an estimate from parts of a log', () => {
  it.each(streamed)('%s has the value of the whole log bit for bit, however it is split and saved', (name) => {
    const options = ['ips', 'dros', 'switch-dr'].includes(name)
      ? { lambda: 3 }
      : name === 'sg-dr'
        ? { lambda: 0.2 }
        : {};
    const whole = estimate(part(all)[0], name, { ...part(all)[1], ...options });
    const saved = parts.map((rounds) => {
      const piece = new StreamingEstimate(name, options);
      // Round by round in one process, at once in the others.
      if (rounds.length > 100) return JSON.stringify(piece.add(...part(rounds)));
      for (const round of rounds) piece.add(...part([round]));
      return JSON.stringify(piece);
    });
    const merged = new StreamingEstimate(name, options);
    for (const text of saved) merged.merge(StreamingEstimate.from(JSON.parse(text) as SavedEstimate));
    expect(merged.rounds).toBe(n);
    expect(merged.value).toBe(whole.value);
    if (whole.denominator === undefined) {
      expect(merged.standardError / standardError(meanOf(whole.contributions))).toBeCloseTo(1, 9);
    }
    const { weights } = merged;
    expect(weights === null).toBe(name === 'dm');
    if (!weights || !whole.weights) return;
    const total = whole.weights.reduce((a, b) => a + b);
    const squares = whole.weights.reduce((a, b) => a + b * b, 0);
    expect(weights.maxWeight).toBe(Math.max(...whole.weights));
    expect(weights.meanWeight).toBeCloseTo(total / n, 12);
    expect(weights.effectiveSampleSize).toBeCloseTo(squares === 0 ? 0 : total ** 2 / squares, 6);
  });

  it('takes parts without any weight, which alone would be no estimate', () => {
    const never = { reward: [5], propensity: [0.5], policyOfAction: [0] };
    const always = { reward: [2], propensity: [0.5], policyOfAction: [1] };
    const snips = new StreamingEstimate('snips').add(never);
    expect(() => snips.value).toThrow(expect.objectContaining({ code: 'WEIGHTS_VANISH' }));
    expect(snips.add(always).value).toBe(2);
    expect(new StreamingEstimate('replay').add(never).value).toBe(0);
  });

  it('depends on the rounds alone: the standard error of a ratio too', () => {
    const errors = [parts, [all], [shuffled]].map((split) => {
      const piece = new StreamingEstimate('sndr');
      for (const rounds of split) piece.add(...part(rounds));
      return piece.standardError;
    });
    expect(errors[1]).toBe(errors[0]);
    expect(errors[2]).toBe(errors[0]);
    expect(errors[0]).toBeGreaterThan(0);
  });

  it.each(WHOLE)('refuses %s by name', (name) => {
    expect(() => new StreamingEstimate(name)).toThrow(expect.objectContaining({ code: 'ESTIMATE_NEEDS' }));
    expect(() => new StreamingEstimate(name)).toThrow(name);
  });

  it('refuses what does not belong together, and no rounds at all', () => {
    const ips = new StreamingEstimate('ips', { lambda: 2 });
    expect(() => ips.merge(new StreamingEstimate('ips'))).toThrow(/ips with lambda 2 and ips with lambda Infinity/);
    expect(() => ips.merge(new StreamingEstimate('snips', { lambda: 2 }))).toThrow(/snips/);
    expect(() => ips.value).toThrow(expect.objectContaining({ code: 'ESTIMATE_INPUT' }));
    const saved = { ...ips.add({ reward: [1], propensity: [1], policyOfAction: [1] }).toJSON(), estimator: 'sndr' };
    expect(() => StreamingEstimate.from({ ...saved })).toThrow(/sums are not those of estimator "sndr"/);
  });
});

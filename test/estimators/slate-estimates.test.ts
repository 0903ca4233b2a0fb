import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../src/errors.js';
import { type SlateData, type SlateOptions, slateEstimates } from '../../src/estimators/slate-estimates.js';
import fc from '../helpers/properties.js';
import { randomLog } from '../helpers/slate-log.js';
import { expectClose, tolerances } from '../helpers/tolerance.js';

const { log, LN2, sqrt } = Math;

/** Two slates: pi = [1/2, 1/4] over pi0 = [1/4, 1/2] with r = [0.8, 0.2], and pi = 1/2 over pi0 = 1/8 with r = 1. */
const data: SlateData = {
  logProb: [0.5, 0.25, 0.5].map(log),
  loggingLogProb: [0.25, 0.5, 0.125].map(log),
  reward: [0.8, 0.2, 1],
  slateOffsets: [0, 2, 3],
};

describe('slateEstimates by hand', () => {
  it('plain values with each estimator’s own form', () => {
    const { slate, decomposed, bound } = slateEstimates(data);
    // 'expected': R = pi (r - log pi); W = 2 * 1/2 = 1, and 4
    const utilities = [0.5 * 0.8 + 0.25 * 0.2, 4 * 0.5];
    const diversities = [0.5 * LN2 + 0.25 * 2 * LN2, 4 * 0.5 * LN2];
    expectClose(
      slate.contributions,
      [utilities[0]! + diversities[0]!, utilities[1]! + diversities[1]!],
      tolerances.f64,
    );
    expectClose([slate.utility, slate.diversity], [(0.45 + 2) / 2, (LN2 + 2 * LN2) / 2], tolerances.f64);
    expectClose([slate.value], [slate.utility + slate.diversity], tolerances.f64);
    // 'soft': R = r - log pi; rho = [2, 1/2], 4
    const soft = [2 * (0.8 + LN2) + 0.5 * (0.2 + 2 * LN2), 4 * (1 + LN2)];
    expectClose(decomposed.contributions, soft, tolerances.f64);
    // K = 2: 2 sqrt(rho_1 R_1 rho_2 R_2); K = 1: rho R
    const lower = [2 * sqrt(2 * (0.8 + LN2) * 0.5 * (0.2 + 2 * LN2)), 4 * (1 + LN2)];
    expectClose(bound.contributions, lower, tolerances.f64);
    expectClose([bound.utility], [(2 * sqrt(0.8 * 0.2) + 4) / 2], tolerances.f64);
    expectClose([bound.diversity], [(2 * sqrt(LN2 * 2 * LN2) + 4 * LN2) / 2], tolerances.f64);
  });

  it('query weights and the mean over responses', () => {
    const weighted = { ...data, queryWeight: [3, 1] };
    const { decomposed } = slateEstimates(weighted, { lambdaDiv: 0, reduction: 'mean' });
    expectClose(decomposed.contributions, [(2 * 0.8 + 0.5 * 0.2) / 2, 4], tolerances.f64);
    expectClose([decomposed.value], [(3 * 0.85 + 4) / 4], tolerances.f64);
  });

  it('a transform', () => {
    const { slate, decomposed } = slateEstimates(data, { form: 'soft', lambdaDiv: 0, transform: 'clip:1.5' });
    expectClose(slate.contributions, [1, 1.5], tolerances.f64);
    expectClose(decomposed.contributions, [1.5 * 0.8 + 0.5 * 0.2, 1.5], tolerances.f64);
    const same = slateEstimates(data, { form: 'soft', lambdaDiv: 0, transform: { name: 'clip', value: 1.5 } });
    expect(same.decomposed).toEqual(decomposed);
  });

  it('self-normalised values', () => {
    const sums = slateEstimates(data, { form: 'soft', lambdaDiv: 0, selfNormalise: true });
    expectClose([sums.slate.value], [(1 * 1 + 4 * 1) / (1 + 4)], tolerances.f64);
    // sum of rho R / sum of rho, times 3/2 responses a slate
    expectClose([sums.decomposed.value], [((1.6 + 0.1 + 4) / (2 + 0.5 + 4)) * 1.5], tolerances.f64);
    expect(sums.bound).toEqual(slateEstimates(data, { form: 'soft', lambdaDiv: 0 }).bound);
    const means = slateEstimates(data, { form: 'soft', lambdaDiv: 0, selfNormalise: true, reduction: 'mean' });
    expectClose([means.decomposed.value], [(1.7 / 2 + 4) / (2.5 / 2 + 4)], tolerances.f64);
  });

  it('an entropy in the place of the surprise', () => {
    const { decomposed, slate } = slateEstimates({ ...data, entropy: [1, 2, 3] }, { lambdaCu: 0 });
    expectClose(decomposed.contributions, [2 * 1 + 0.5 * 2, 4 * 3], tolerances.f64);
    expectClose(decomposed.entropyCoefficients!, [2 / 2, 0.5 / 2, 4 / 2], tolerances.f64);
    expectClose(slate.contributions, [0.5 * 1 + 0.25 * 2, 4 * 0.5 * 3], tolerances.f64);
  });

  it('a bound whose slate has an R <= 0 contributes nothing; a single response keeps rho R', () => {
    const { bound } = slateEstimates({ ...data, reward: [0.8, 0, -1] }, { lambdaDiv: 0 });
    expect([...bound.contributions]).toEqual([0, expect.closeTo(-4, 12)]);
    expect([...bound.coefficients.subarray(0, 2)]).toEqual([0, 0]);
  });
});

describe('baseline', () => {
  it('lowers R where it multiplies the derivative of a weight', () => {
    const options: SlateOptions = { form: 'soft', lambdaDiv: 0 };
    const { decomposed, slate, bound } = slateEstimates(data, { ...options, baseline: 0.5 });
    expectClose(decomposed.coefficients, [(2 * 0.3) / 2, (0.5 * -0.3) / 2, (4 * 0.5) / 2], tolerances.f64);
    expectClose(slate.coefficients, [0, 0, 1], tolerances.f64);
    expect(bound).toEqual(slateEstimates(data, options).bound);
  });

  it('mean is the mean of R over the responses of the call; values stay as they are', () => {
    const options: SlateOptions = { form: 'gated', lambdaDiv: 0.5 };
    const plain = slateEstimates(data, options);
    const mean = slateEstimates(data, { ...options, baseline: 'mean' });
    const R = [0.8 * (1 + 0.5 * LN2), 0.2 * (1 + LN2), 1 + 0.5 * LN2];
    const number = slateEstimates(data, { ...options, baseline: (R[0]! + R[1]! + R[2]!) / 3 });
    for (const estimator of ['slate', 'decomposed'] as const) {
      expect(mean[estimator].value).toBe(plain[estimator].value);
      expectClose(mean[estimator].coefficients, number[estimator].coefficients, tolerances.f64);
    }
  });
});

describe('against the Open Bandit Pipeline on slate logs', () => {
  it.each(['n100-u5-l3-binary', 'n200-u4-l3-factorizable', 'n300-u6-l4-continuous'])('%s', (name) => {
    const path = new URL(`../fixtures/ope/slate-${name}.json`, import.meta.url);
    const { input, obp } = JSON.parse(readFileSync(path, 'utf8'));
    const expected = (estimator: string) => obp.find((row: { estimator: string }) => row.estimator === estimator).value;
    const positions: number = input.len_list;
    const options: SlateOptions = { form: 'soft', lambdaDiv: 0 };
    const slateData = (target: number[], logging: number[], root: number): SlateData => ({
      logProb: target.map((p) => log(p) / root),
      loggingLogProb: logging.map((p) => log(p) / root),
      reward: input.reward,
      slateOffsets: Array.from({ length: input.n_slates + 1 }, (_, i) => i * positions),
    });
    // The whole slate's propensity stands on each of its rows: the product of equal roots is the propensity again.
    const whole = slateData(input.evaluation_policy_pscore, input.pscore, positions);
    const items = slateData(input.evaluation_policy_pscore_item_position, input.pscore_item_position, 1);
    const golden = { atol: 1e-12, rtol: 1e-9 };
    expectClose([slateEstimates(whole, options).slate.value], [expected('sips')], golden, 'sips');
    const selfNormalised = slateEstimates(whole, { ...options, selfNormalise: true });
    expectClose([selfNormalised.slate.value], [expected('snsips')], golden, 'snsips');
    expectClose([slateEstimates(items, options).decomposed.value], [expected('iips')], golden, 'iips');
  });
});

describe('properties', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 12 });

  it('the bound is at most decomposed, and parts of the others add up', () => {
    fc.assert(
      fc.property(sizes, fc.nat(1000), fc.constantFrom('expected', 'soft', 'gated'), (sizes, seed, form) => {
        const { slate, decomposed, bound } = slateEstimates(randomLog({ sizes, seed }), { form });
        expect(bound.value).toBeLessThanOrEqual(decomposed.value * (1 + 1e-12));
        for (const { value, utility, diversity } of [slate, decomposed]) {
          expectClose([utility + diversity], [value], { atol: 1e-12, rtol: 1e-12 });
        }
      }),
    );
  });

  it('nothing depends on the order of the slates or on the scale of the query weights', () => {
    fc.assert(
      fc.property(sizes, fc.nat(1000), fc.boolean(), (sizes, seed, selfNormalise) => {
        const log = randomLog({ sizes, seed, queryWeight: true });
        const back = <T extends Float64Array>(values: T) => values.slice().reverse();
        const total = log.logProb.length;
        const reversed = {
          logProb: back(log.logProb),
          loggingLogProb: back(log.loggingLogProb),
          reward: back(log.reward),
          queryWeight: back(log.queryWeight!).map((weight) => 7 * weight),
          slateOffsets: log.slateOffsets
            .slice()
            .reverse()
            .map((offset) => total - offset),
        };
        const options = { selfNormalise, transform: 'clip:2' };
        const [a, b] = [slateEstimates(log, options), slateEstimates(reversed, options)];
        for (const estimator of ['slate', 'decomposed', 'bound'] as const) {
          expectClose([b[estimator].value], [a[estimator].value], { atol: 1e-13, rtol: 1e-12 });
          expectClose(back(b[estimator].coefficients), a[estimator].coefficients, { atol: 1e-13, rtol: 1e-12 });
        }
      }),
    );
  });
});

describe('what it refuses', () => {
  const bad: [string, Partial<SlateData>, RegExp][] = [
    ['unequal lengths', { reward: [1, 1] }, /^reward: expected 3 numbers.*got 2$/],
    ['NaN', { logProb: [0, Number.NaN, 0] }, /^logProb\[1\]: expected a finite number, got number NaN$/],
    ['an infinite reward', { reward: [0, 0, Number.POSITIVE_INFINITY] }, /^reward\[2\]/],
    [
      'null',
      { loggingLogProb: null as unknown as number[] },
      /^loggingLogProb: expected an array of numbers, got null$/,
    ],
    ['no slates', { slateOffsets: [0] }, /^slateOffsets: expected N \+ 1 offsets/],
    ['offsets that begin late', { slateOffsets: [1, 2, 3] }, /^slateOffsets\[0\]: expected 0, got 1$/],
    ['an empty slate', { slateOffsets: [0, 2, 2, 3] }, /^slateOffsets\[2\]: expected more than 2/],
    ['offsets that end early', { slateOffsets: [0, 2] }, /expected to end with 3.*got 2$/],
    ['a fraction as offset', { slateOffsets: [0, 1.5, 3] }, /^slateOffsets\[1\]: expected an integer, got 1\.5$/],
    ['a negative weight', { queryWeight: [1, -1] }, /^queryWeight\[1\]: expected at least 0, got -1$/],
    ['no weight at all', { queryWeight: [0, 0] }, /^queryWeight: expected at least one above 0/],
    ['too few entropies', { entropy: [1] }, /^entropy: expected 3 numbers.*got 1$/],
  ];
  it.each(bad)('%s', (_, change, message) => {
    const run = () => slateEstimates({ ...data, ...change });
    expect(run).toThrowError(DataError);
    expect(run).toThrowError(expect.objectContaining({ code: 'SLATE_DATA', message: expect.stringMatching(message) }));
  });

  const options: [SlateOptions, string, RegExp][] = [
    [{ form: 'hard' as 'soft' }, 'SLATE_OPTION', /^form: expected one of expected, soft, gated; got "hard"$/],
    [{ reduction: 'max' as 'sum' }, 'SLATE_OPTION', /^reduction: expected one of sum, mean; got "max"$/],
    [{ lambdaDiv: Number.NaN }, 'SLATE_OPTION', /^lambdaDiv: expected a finite number, got number NaN$/],
    [{ baseline: 'median' as 'mean' }, 'SLATE_OPTION', /^baseline: expected a finite number or 'mean', got "median"$/],
    [{ baseline: 1, selfNormalise: true }, 'SLATE_OPTION', /exclude each other/],
    [{ transform: 'squash:2' }, 'TRANSFORM', /unknown transform "squash".*clip \(.*power.*shrinkage.*sub-gaussian/],
    [{ transform: 'clip' }, 'TRANSFORM', /"clip" is min\(w, t\) with a number t above 0/],
  ];
  it.each(options)('%o', (option, code, message) => {
    const run = () => slateEstimates(data, option);
    expect(run).toThrowError(UsageError);
    expect(run).toThrowError(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });

  it('a weight that overflows, unless it is clipped', () => {
    const far = { ...data, logProb: [400, 400, 0] };
    expect(() => slateEstimates(far)).toThrowError(expect.objectContaining({ code: 'WEIGHT_OVERFLOW', index: 0 }));
    const clipped = slateEstimates(far, { form: 'soft', lambdaDiv: 0, transform: 'clip:10' });
    expect(clipped.slate.contributions[0]).toBe(10);
    expect(clipped.decomposed.contributions[0]).toBe(10);
  });

  it('a bound beyond the numbers, which no transform clips', () => {
    const far = { ...data, logProb: [0, 0, 710] };
    expect(() => slateEstimates(far, { transform: 'clip:10' })).toThrowError(
      expect.objectContaining({ code: 'WEIGHT_OVERFLOW', index: 1 }),
    );
  });

  it('to divide by weights that are all 0', () => {
    const gone = { ...data, logProb: [-800, -800, -800], loggingLogProb: [0, 0, 0] };
    expect(() => slateEstimates(gone, { selfNormalise: true })).toThrowError(
      expect.objectContaining({ code: 'WEIGHTS_VANISH', message: expect.stringContaining('slate estimator') }),
    );
  });
});

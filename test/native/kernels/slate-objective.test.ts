/** The kernels, in log space with compensated sums, against direct products in long double. */
import { describe, expect, it } from 'vitest';
import {
  type CoefficientOptions,
  estimatorNames,
  formNames,
  type Objective,
  reductionNames,
  type SlateLog,
  slateCoefficients,
  slateValue,
  transformNames,
} from '../../../src/native/objective.js';
import { checkOp } from '../../helpers/check-op.js';
import { randomLog } from '../../helpers/slate-log.js';

const tolerance = { atol: 1e-13, rtol: 1e-11 };
const parameters = [0, 1.3, 0.4, 2.5, 0.3];

function inputsOf(log: SlateLog) {
  const { logProb, loggingLogProb, reward, entropy = null, slateOffsets, queryWeight = null } = log;
  return [logProb, loggingLogProb, reward, entropy, slateOffsets, queryWeight];
}

function check(log: SlateLog, estimator: number, form: number, transform: number, reduction: number): void {
  const slates = log.slateOffsets.length - 1;
  const responses = log.logProb.length;
  const inputs = inputsOf(log);
  const dims = [slates, estimator, form, transform, reduction];
  const scalars = [1.5, 0.7, parameters[transform]!];
  const f64 = (size: number): [Float64ArrayConstructor, number] => [Float64Array, size];
  const outputs = [f64(slates), f64(slates), f64(slates), f64(responses), f64(3)];
  checkOp('slate_value', { inputs, outputs, dims, scalars, tolerance });
  for (const score of estimatorNames[estimator] === 'bound' ? [0] : [0, 1]) {
    for (const baseline of [0, 0.4]) {
      checkOp('slate_coefficients', {
        inputs,
        outputs: [f64(responses), log.entropy ? f64(responses) : null],
        dims: [...dims, score],
        scalars: [...scalars, baseline],
        tolerance,
      });
    }
  }
}

describe.each(estimatorNames.map((name, i) => [name, i] as const))('%s', (_, estimator) => {
  describe.each(formNames.map((name, i) => [name, i] as const))('%s', (_, form) => {
    it.each(transformNames.map((name, i) => [name, i] as const))('%s', (_, transform) => {
      for (const reduction of [0, 1]) {
        for (const entropy of [false, true]) {
          for (const queryWeight of [false, true]) {
            check(
              randomLog({ sizes: [3, 1, 5, 2], seed: 5, entropy, queryWeight }),
              estimator,
              form,
              transform,
              reduction,
            );
          }
        }
      }
    });
  });

  it('over many slates, in several blocks of the parallel loop', () => {
    const sizes = Array.from({ length: 1009 }, (_, i) => 1 + (i % 6));
    check(randomLog({ sizes, seed: 6, queryWeight: true }), estimator, 1, 0, 0);
  });

  it('with rewards that are not positive', () => {
    const log = randomLog({ sizes: [3, 1, 2], seed: 7 });
    log.reward.set([0.5, -9, 0.5, -9, 0, 0.3]);
    for (const form of [0, 1, 2]) check(log, estimator, form, 0, 0);
  });
});

const objective: Objective = {
  estimator: 'slate',
  form: 'soft',
  lambdaCu: 1,
  lambdaDiv: 1,
  transform: { name: 'identity', value: 0 },
  reduction: 'sum',
};

describe('values that leave the range of a float64', () => {
  const log = randomLog({ sizes: [2, 2, 2], seed: 1 });

  it.each(['slate', 'decomposed', 'bound'] as const)('%s names the slate', (estimator) => {
    const far = { ...log, logProb: log.logProb.with(4, 1500), reward: log.reward.fill(1e5) };
    for (const run of [slateValue, slateCoefficients] as const) {
      expect(() => run(far, { ...objective, estimator })).toThrowError(
        expect.objectContaining({ code: 'WEIGHT_OVERFLOW', index: 2, message: expect.stringContaining('slate 2') }),
      );
    }
  });

  it('a product of a finite weight and reward is refused too', () => {
    const far = { ...log, logProb: log.logProb.with(0, 705), reward: log.reward.with(0, 1e9) };
    expect(() => slateValue(far, objective)).toThrowError(
      expect.objectContaining({ code: 'WEIGHT_OVERFLOW', index: 0 }),
    );
  });

  it('the bound keeps rewards whose probability underflows', () => {
    // expected: R = exp(l) (r - l) with exp(-800) = 0 as a float64, but rho R = exp(800 - 800) (r - l)
    const tiny: SlateLog = {
      logProb: Float64Array.of(-800, -800),
      loggingLogProb: Float64Array.of(-1600, -1600),
      reward: Float64Array.of(0.5, 0.5),
      slateOffsets: Int32Array.of(0, 2),
    };
    const { value } = slateValue(tiny, { ...objective, estimator: 'bound', form: 'expected' });
    expect(value).toBeCloseTo(2 * 800.5, 9);
  });
});

describe('results do not depend on the neighbours or on how slates are grouped', () => {
  it('contributions of a part of the log are bit-identical', () => {
    const log = randomLog({ sizes: Array.from({ length: 200 }, (_, i) => 1 + (i % 4)), seed: 2 });
    const whole = slateValue(log, objective).contributions;
    const cut = log.slateOffsets[150]!;
    const part: SlateLog = {
      logProb: log.logProb.subarray(cut),
      loggingLogProb: log.loggingLogProb.subarray(cut),
      reward: log.reward.subarray(cut),
      slateOffsets: log.slateOffsets.subarray(150).map((offset) => offset - cut),
    };
    expect(slateValue(part, objective).contributions).toEqual(whole.slice(150));
  });
});

describe('refusals', () => {
  const log = randomLog({ sizes: [2, 3], seed: 1 });
  const refused: [string, Partial<SlateLog>, Partial<Objective>, CoefficientOptions, string, number][] = [
    ['a negative query weight', { queryWeight: Float64Array.of(1, -1) }, {}, {}, 'INVALID_ARGUMENT', 1],
    ['query weights that are all 0', { queryWeight: new Float64Array(2) }, {}, {}, 'INVALID_ARGUMENT', -1],
    ['an infinite reward', { reward: log.reward.with(3, Number.POSITIVE_INFINITY) }, {}, {}, 'NON_FINITE', 3],
    ['NaN as lambda', {}, { lambdaDiv: Number.NaN }, {}, 'NON_FINITE', -1],
    ['a score form of the bound', {}, { estimator: 'bound' }, { score: true }, 'INVALID_ARGUMENT', -1],
    ['an unknown form', {}, { form: 'hard' as 'soft' }, {}, 'INVALID_ARGUMENT', -1],
    ['a decreasing offset', { slateOffsets: Int32Array.of(0, 7, 5) }, {}, {}, 'OUT_OF_RANGE', 1],
  ];

  it.each(refused)('%s', (_, data, change, options, code, index) => {
    expect(() => slateCoefficients({ ...log, ...data }, { ...objective, ...change }, options)).toThrowError(
      expect.objectContaining({ code, index }),
    );
  });

  it('has a reduction for every code', () => expect(reductionNames).toEqual(['sum', 'mean']));
});

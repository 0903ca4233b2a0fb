import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/estimators/random.js';
import { crossFit, crossFitActions } from '../../../src/estimators/reward-models/cross-fit.js';
import { fitRewardModel } from '../../../src/estimators/reward-models/fit.js';
import { estimate } from '../../../src/estimators/scalar/estimate.js';
import fc from '../../helpers/properties.js';

const rows = fc.record({ n: fc.integer({ min: 3, max: 40 }), d: fc.integer({ min: 1, max: 5 }), seed: fc.nat(1000) });

function randomRows(n: number, d: number, seed: number) {
  const random = new Random(seed);
  // Features far from 0 and of very different size, as columns of a table are.
  const features = Float64Array.from({ length: n * d }, (_, at) => 10 ** (at % d) * (3 + random.normal()));
  return { features, reward: Float64Array.from({ length: n }, () => random.uniform()) };
}

/** The derivative of the penalised loss by intercept and by each standardised coefficient; 0 at the minimum. */
function slopes({ features, reward }: ReturnType<typeof randomRows>, kind: 'ridge' | 'logistic', penalty: number) {
  const model = fitRewardModel({ features, reward }, { kind, penalty });
  const d = model.coefficients.length;
  const n = reward.length;
  const residuals = model.predict(features).map((p, i) => reward[i]! - p);
  const byFeature = Array.from(model.coefficients, (coefficient, j) => {
    const column = Array.from({ length: n }, (_, i) => features[i * d + j]!);
    const mean = column.reduce((a, b) => a + b) / n;
    const scale = Math.sqrt(column.reduce((a, b) => a + (b - mean) ** 2, 0) / n);
    const along = column.reduce((total, x, i) => total + ((x - mean) / scale) * residuals[i]!, 0);
    return along - penalty * coefficient * scale;
  });
  return [residuals.reduce((a, b) => a + b), ...byFeature];
}

describe('a reward model', () => {
  it.each(['ridge', 'logistic'] as const)('by %s is at the minimum of its loss', (kind) => {
    fc.assert(
      fc.property(rows, fc.constantFrom(0.01, 1, 30), ({ n, d, seed }, penalty) => {
        for (const slope of slopes(randomRows(n, d, seed), kind, penalty)) expect(Math.abs(slope)).toBeLessThan(1e-6);
      }),
      { numRuns: 60 },
    );
  });

  it('by ridge is least squares without a penalty, and the mean with an endless one', () => {
    const line = { features: [0, 1, 2, 3], reward: [1, 3, 5, 7] };
    const exact = fitRewardModel(line, { penalty: 0 });
    expect(exact.intercept).toBeCloseTo(1, 7);
    expect(exact.coefficients[0]).toBeCloseTo(2, 7);
    expect(exact.predict([10])[0]).toBeCloseTo(21, 6);
    expect(fitRewardModel(line, { penalty: 1e12 }).predict([10])[0]).toBeCloseTo(4, 6);
  });

  it('takes separable, constant and repeated data', () => {
    const separable = { features: [0, 1, 2, 3], reward: [0, 0, 1, 1] };
    const [low, , , high] = fitRewardModel(separable, { kind: 'logistic', penalty: 1e-3 }).predict(separable.features);
    expect(low!).toBeLessThan(0.05);
    expect(high!).toBeGreaterThan(0.95);
    const always = fitRewardModel({ features: [0, 1, 2], reward: [1, 1, 1] }, { kind: 'logistic' });
    expect(always.predict([5])[0]).toBeCloseTo(3.5 / 4, 12);
    for (const kind of ['ridge', 'logistic'] as const) {
      const twice = fitRewardModel(
        { features: [1, 1, 7, 2, 2, 7, 3, 3, 7], reward: [0, 0.5, 1] },
        { kind, penalty: 0 },
      );
      expect(twice.predict([2, 2, 7])[0]).toBeCloseTo(0.5, 6);
    }
  });

  it.each<[string, object, object, string, RegExp]>([
    ['rewards outside [0, 1]', { reward: [0, 2] }, { kind: 'logistic' }, 'ESTIMATE_INPUT', /reward\[1\] is 2/],
    ['features that do not fit', { features: [1, 2, 3] }, {}, 'ESTIMATE_INPUT', /2 rewards and 3 features/],
    ['features that are no numbers', { features: [1, Number.NaN] }, {}, 'ESTIMATE_INPUT', /features\[1\]/],
    ['too many features', { features: new Float64Array(8194) }, {}, 'ESTIMATE_INPUT', /4096.*4097/],
    ['another kind', {}, { kind: 'forest' }, 'ESTIMATE_OPTION', /ridge or logistic/],
    ['a negative penalty', {}, { penalty: -1 }, 'ESTIMATE_OPTION', /penalty/],
  ])('refuses %s', (_, data, options, code, message) => {
    const act = () => fitRewardModel({ features: [1, 2], reward: [0, 1], ...data }, options);
    expect(act).toThrow(message);
    expect(act).toThrow(expect.objectContaining({ code }));
  });
});

describe('cross-fitting', () => {
  it('predicts no row by a model that saw its cluster', () => {
    const data = randomRows(30, 2, 1);
    const clusters = Array.from({ length: 30 }, (_, i) => `user ${i % 10}`);
    const before = crossFit(data, { clusters, seed: 3 });
    const changed = crossFit(
      { ...data, reward: data.reward.map((r, i) => (i % 10 === 4 ? 1 - r : r)) },
      { clusters, seed: 3 },
    );
    for (let i = 0; i < 30; i++) {
      expect(before.foldOf[i]).toBe(before.foldOf[i % 10]);
      const same = before.predictions[i] === changed.predictions[i];
      expect(same).toBe(before.foldOf[i] === before.foldOf[4]);
    }
    expect(new Set(before.foldOf).size).toBe(5);
  });

  it('gives the direct method and doubly robust values what they need', () => {
    const random = new Random(7);
    const n = 2000;
    const k = 3;
    const context = Array.from({ length: n }, () => random.normal());
    const expected = (x: number, a: number) => [0.2 + 0.1 * x, 0.5 - 0.2 * x, 0.6][a]!;
    const logging = [0.6, 0.3, 0.1];
    const target = [0.1, 0.3, 0.6];
    const action = context.map(() => random.categorical(logging));
    const log = {
      reward: action.map((a, i) => expected(context[i]!, a) + 0.1 * random.normal()),
      action,
      propensity: action.map((a) => logging[a]!),
      policy: action.flatMap(() => target),
      k,
    };
    const truth =
      context.reduce((total, x) => total + target.reduce((sum, p, a) => sum + p * expected(x, a), 0), 0) / n;
    const qHat = crossFitActions({ ...log, context });
    expect(estimate({ ...log, qHat }, 'dm').value).toBeCloseTo(truth, 1.5);
    const errors = { ips: 0, dr: 0 };
    for (const name of ['ips', 'dr'] as const) {
      const { contributions, value } = estimate({ ...log, qHat }, name);
      errors[name] = Math.sqrt(contributions.reduce((total, x) => total + (x - value) ** 2, 0)) / n;
      expect(Math.abs(value - truth)).toBeLessThan(4 * errors[name]);
    }
    expect(errors.dr).toBeLessThan(0.5 * errors.ips);
    // Indicators and interactions are one linear model per action, so embeddings that say the same give the same.
    const oneHot = [1, 0, 0, 0, 1, 0, 0, 0, 1];
    expect([...crossFitActions({ ...log, context, actionFeatures: oneHot })]).toEqual([...qHat]);
  });

  it.each<[string, object, object, string, RegExp]>([
    ['no rewards', { reward: undefined }, {}, 'ESTIMATE_NEEDS', /reward model needs reward/],
    ['no actions', { action: undefined }, {}, 'ESTIMATE_NEEDS', /action/],
    ['one fold', {}, { folds: 1 }, 'FOLDS', /from 2/],
    ['more folds than clusters', {}, { folds: 3, clusters: [1, 1, 2, 2] }, 'FOLDS', /, 2; got number 3/],
    ['clusters that do not fit', {}, { clusters: [1] }, 'ESTIMATE_OPTION', /1 entries for 4/],
    ['contexts that do not fit', { context: [1, 2, 3] }, {}, 'ESTIMATE_INPUT', /context has 3/],
  ])('refuses %s', (_, data, options, code, message) => {
    const act = () =>
      crossFitActions({ reward: [0, 1, 0, 1], action: [0, 1, 1, 0], k: 2, ...data }, { folds: 2, ...options });
    expect(act).toThrow(message);
    expect(act).toThrow(expect.objectContaining({ code }));
  });
});

import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/native/loader.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';
import { implementations } from '../../helpers/implementations.js';
import { expectClose, tolerances } from '../../helpers/tolerance.js';

describe('squared_sum', () => {
  it.each([[[]], [[0]], [[1]], [[5, 0, 17, 1009]], [[16384, 16385, 3]], [[70001]]])('over arrays of %j', (sizes) => {
    const inputs = sizes.map((size, i) => randomNumbers(size, 1 + i));
    checkOp('squared_sum', { inputs, outputs: [Float64Array.of(2.5)], dims: sizes });
  });

  it.each(implementations)('is exact beyond the range of a float, %s', (_, addon) => {
    const total = new Float64Array(1);
    addon().runSync('squared_sum', [Float32Array.of(3e38, 1e-30)], [total], [2], []);
    expect(total[0]).toBe(Math.fround(3e38) ** 2);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('passes %d on', (value) => {
    const total = new Float64Array(1);
    loadAddon().runSync('squared_sum', [Float32Array.of(1, 2, 3, 4, value)], [total], [5], []);
    expect(Number.isFinite(total[0]!)).toBe(false);
  });
});

const options = {
  lr: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  eps: 1e-8,
  weightDecay: 0.1,
  step: 1,
  maxNorm: 0,
  sign: 1,
};

type Options = typeof options;

const scalarsOf = (o: Options) => [o.lr, o.beta1, o.beta2, o.eps, o.weightDecay, o.step, o.maxNorm, o.sign];

const sizes = [1, 17, 0, 16385];
const gradients = sizes.map((size, i) => randomNumbers(size, 1 + i));
const squaredNorm = gradients.flat().reduce((sum, g) => sum + g * g, 0);

describe('adamw', () => {
  it.each([
    ['the first step', {}],
    ['a later step', { step: 1000 }],
    ['descent', { sign: -1 }],
    ['clipping', { maxNorm: 0.5 }],
    ['a norm below the limit', { maxNorm: 1e6 }],
    ['no decay', { weightDecay: 0 }],
  ])('%s', (_, change) => {
    const state = sizes.flatMap((size, i) => [
      randomNumbers(size, 11 + i),
      randomNumbers(size, 21 + i),
      randomNumbers(size, 31 + i).map(Math.abs),
    ]);
    const { outputs } = checkOp('adamw', {
      inputs: [Float64Array.of(squaredNorm), ...gradients],
      outputs: [...state, [Int32Array, 1]],
      dims: sizes,
      scalars: scalarsOf({ ...options, ...change }),
    });
    expect([...outputs.at(-1)!]).toEqual([1]);
  });

  /** AdamW as its paper states it, in numbers. */
  function slowly(p: number[], steps: number[][], o: Options): number[] {
    const values = [...p];
    const m = p.map(() => 0);
    const v = p.map(() => 0);
    steps.forEach((gradient, t) => {
      const norm = Math.hypot(...gradient);
      gradient.forEach((raw, i) => {
        const g = o.maxNorm > 0 && norm > o.maxNorm ? (raw * o.maxNorm) / norm : raw;
        m[i] = o.beta1 * m[i]! + (1 - o.beta1) * g;
        v[i] = o.beta2 * v[i]! + (1 - o.beta2) * g * g;
        const mean = m[i]! / (1 - o.beta1 ** (t + 1));
        const square = v[i]! / (1 - o.beta2 ** (t + 1));
        values[i] = values[i]! - o.lr * o.weightDecay * values[i]!;
        values[i] = values[i]! + (o.sign * o.lr * mean) / (Math.sqrt(square) + o.eps);
      });
    });
    return values;
  }

  it.each(implementations.flatMap(([name, addon]) => [0, 1.5].map((maxNorm) => [name, maxNorm, addon] as const)))(
    'takes five steps as a loop in numbers does, %s, with max_norm %d',
    (_, maxNorm, addon) => {
      const start = randomNumbers(7, 1);
      const steps = Array.from({ length: 5 }, (_, t) => randomNumbers(7, 2 + t, t + 0.1));
      const [p, m, v, applied] = [
        Float32Array.from(start),
        new Float32Array(7),
        new Float32Array(7),
        new Int32Array(1),
      ];
      steps.forEach((gradient, t) => {
        const total = new Float64Array(1);
        const g = Float32Array.from(gradient);
        addon().runSync('squared_sum', [g], [total], [7], []);
        const scalars = scalarsOf({ ...options, maxNorm, step: t + 1 });
        addon().runSync('adamw', [total, g], [p, m, v, applied], [7], scalars);
      });
      expectClose(p, slowly(start, steps, { ...options, maxNorm }), tolerances.f32);
      expect(p.some((value, i) => Math.abs(value - start[i]!) > 0.01)).toBe(true);
    },
  );

  it('moves by the learning rate in the first step, up with sign 1', () => {
    const [p, applied] = [Float32Array.of(1, 1), new Int32Array(1)];
    const inputs = [Float64Array.of(25), Float32Array.of(3, -4)];
    const scalars = scalarsOf({ ...options, weightDecay: 0 });
    loadAddon().runSync('adamw', inputs, [p, new Float32Array(2), new Float32Array(2), applied], [2], scalars);
    expectClose(p, [1.01, 0.99], tolerances.f32);
  });

  it.each(
    implementations.flatMap(([name, addon]) =>
      [Number.NaN, Number.POSITIVE_INFINITY].map((total) => [name, total, addon] as const),
    ),
  )('changes nothing, %s, when the norm is %d', (_, total, addon) => {
    const state = [1, 2, 3].map((seed) => Float32Array.from(randomNumbers(5, seed)));
    const before = state.map((values) => values.slice());
    const applied = Int32Array.of(7);
    const inputs = [Float64Array.of(total), new Float32Array(5).fill(Number.NaN)];
    addon().runSync('adamw', inputs, [...state, applied], [5], scalarsOf(options));
    expect(state).toEqual(before);
    expect([...applied]).toEqual([0]);
  });

  it.each([
    ['lr', { lr: -1 }],
    ['beta1', { beta1: 1 }],
    ['beta2', { beta2: Number.NaN }],
    ['eps', { eps: -1 }],
    ['weight_decay', { weightDecay: Number.POSITIVE_INFINITY }],
    ['step', { step: 0 }],
    ['max_norm', { maxNorm: -1 }],
    ['sign', { sign: 0 }],
  ])('refuses a wrong %s', (name, change) => {
    const arrays = [1, 1, 1].map((size) => new Float32Array(size));
    const run = () =>
      loadAddon().runSync(
        'adamw',
        [Float64Array.of(1), new Float32Array(1)],
        [...arrays, new Int32Array(1)],
        [1],
        scalarsOf({ ...options, ...change }),
      );
    expect(run).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(`adamw: ${name}`) }),
    );
  });

  it('refuses a moment of another size', () => {
    const outputs = [new Float32Array(2), new Float32Array(3), new Float32Array(2), new Int32Array(1)];
    expect(() =>
      loadAddon().runSync('adamw', [Float64Array.of(1), new Float32Array(2)], outputs, [2], scalarsOf(options)),
    ).toThrowError(expect.objectContaining({ code: 'SHAPE', message: expect.stringContaining('output 1') }));
  });
});

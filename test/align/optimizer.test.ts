import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AdamWOptions, adamW } from '../../src/align/optimizer.js';
import type { CausalModel } from '../../src/models/causal-model.js';
import { loadModel } from '../../src/models/load.js';
import { fixtureModel, randomIds } from '../helpers/model-fixtures.js';
import { expectClose, tolerances } from '../helpers/tolerance.js';

const slates = [{ prompt: randomIds(9, 1), responses: [randomIds(5, 2), randomIds(3, 3)] }];
const coefficients = [[1, -0.5]];

let model: CausalModel;
beforeEach(async () => {
  model = await loadModel(fixtureModel('llama3-tiny'), { device: 'cpu' });
});
afterEach(() => model.dispose());

const weights = async (of = model) =>
  new Map(await Promise.all([...of.trained.tensors].map(async ([name, t]) => [name, await t.read()] as const)));

const gradients = async () =>
  new Map(await Promise.all(model.parameterNames().map(async (name) => [name, await model.gradient(name)] as const)));

describe('a step', () => {
  /** Two steps of AdamW in double, from the model's own gradients. */
  test.each<[string, AdamWOptions]>([
    ['with the defaults', { lr: 0.01 }],
    ['with every option', { lr: 0.01, betas: [0.8, 0.95], eps: 1e-3, weightDecay: 0.1, maxNorm: 0.5 }],
  ])('%s is that of the formula', async (_, options) => {
    const { lr, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, maxNorm = Number.POSITIVE_INFINITY } = options;
    using optimizer = adamW(model, options);
    const moments = new Map<string, { m: Float64Array; v: Float64Array }>();
    for (let step = 1; step <= 2; step++) {
      await model.accumulateGradient(slates, coefficients);
      const [before, gradient] = [await weights(), await gradients()];
      const norm = Math.sqrt([...gradient.values()].flatMap((g) => [...g]).reduce((sum, g) => sum + g * g, 0));
      const result = await optimizer.step();
      expect(result.applied).toBe(true);
      expectClose([result.gradientNorm], [norm], tolerances.f32);
      for (const [name, after] of await weights()) {
        const old = before.get(name)!;
        const { m, v } = moments.get(name) ?? { m: new Float64Array(old.length), v: new Float64Array(old.length) };
        moments.set(name, { m, v });
        const expected = Array.from(old, (weight, i) => {
          const g = gradient.get(name)![i]! * Math.min(1, maxNorm / norm);
          m[i] = betas[0] * m[i]! + (1 - betas[0]) * g;
          v[i] = betas[1] * v[i]! + (1 - betas[1]) * g * g;
          const direction = m[i]! / (1 - betas[0] ** step) / (Math.sqrt(v[i]! / (1 - betas[1] ** step)) + eps);
          return (1 - lr * weightDecay) * weight + lr * direction;
        });
        expectClose(after, expected, tolerances.f32, `${name} after step ${step}`);
      }
    }
    expect(optimizer.steps).toBe(2);
  });

  test('clears the gradient unless it is to be kept, and takes the learning rate of a schedule', async () => {
    using optimizer = adamW(model, { lr: 1 });
    await model.accumulateGradient(slates, coefficients);
    const gradient = await gradients();
    const before = await weights();
    await optimizer.step({ keep: true, lr: 0 });
    expect(await weights()).toEqual(before);
    expect(await gradients()).toEqual(gradient);
    await optimizer.step({ lr: 1e-3 });
    expect(await weights()).not.toEqual(before);
    for (const values of (await gradients()).values()) expect(values.every((value) => value === 0)).toBe(true);
  });

  test('without a gradient, or before the last step is done, is refused', async () => {
    using optimizer = adamW(model, { lr: 0.1 });
    await expect(optimizer.step()).rejects.toMatchObject({ code: 'NO_GRADIENT', exitCode: 2 });
    await model.accumulateGradient(slates, coefficients);
    const first = optimizer.step();
    await expect(optimizer.step()).rejects.toMatchObject({ code: 'STEP_IN_PROGRESS' });
    expect((await first).applied).toBe(true);
    await expect(optimizer.step()).rejects.toMatchObject({ code: 'NO_GRADIENT' });
  });

  test('makes the model another one', async () => {
    const { hash } = model;
    using optimizer = adamW(model, { lr: 0.1 });
    await model.accumulateGradient(slates, coefficients);
    await optimizer.step();
    const changed = model.hash;
    expect(changed).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(changed).not.toBe(hash);
    expect(model.hash).toBe(changed);
  });

  test.each<[string, AdamWOptions]>([
    ['lr', { lr: Number.NaN }],
    ['lr', { lr: -1 }],
    ['betas', { lr: 1, betas: [0.9, 1] }],
    ['eps', { lr: 1, eps: -1 }],
    ['weightDecay', { lr: 1, weightDecay: Number.POSITIVE_INFINITY }],
    ['maxNorm', { lr: 1, maxNorm: 0 }],
  ])('refuses a wrong %s', (name, options) => {
    expect(() => adamW(model, options)).toThrowError(
      expect.objectContaining({ code: 'OPTIMIZER_OPTION', message: expect.stringContaining(name) }),
    );
  });
});

describe('the last good weights survive', () => {
  test('a gradient that is not finite', async () => {
    using optimizer = adamW(model, { lr: 0.1, weightDecay: 0.1 });
    await model.accumulateGradient(slates, coefficients);
    await optimizer.step();
    const before = await weights();
    await model.accumulateGradient(slates, [[1e39, 1]]);
    const { gradientNorm, applied } = await optimizer.step();
    expect([Number.isFinite(gradientNorm), applied, optimizer.steps]).toEqual([false, false, 1]);
    expect(await weights()).toEqual(before);
    await model.accumulateGradient(slates, coefficients);
    expect((await optimizer.step()).applied).toBe(true);
  });

  test('a failure on the way to the gradient', async () => {
    using optimizer = adamW(model, { lr: 0.1 });
    await model.accumulateGradient(slates, coefficients);
    const before = await weights();
    const { device } = model.trained;
    const [{ gradient }] = model.trained.gradients() as unknown as [{ gradient: never }];
    device.scope(() => {
      const row = device.tensor(new Float32Array(64), [1, 64]);
      device.run('embedding_backward', [device.tensor([999], [1], 'i32'), row], [gradient], [1, 256, 64]);
    });
    await expect(optimizer.step()).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
    expect(await weights()).toEqual(before);
    model.clearGradients();
    await model.accumulateGradient(slates, coefficients);
    expect((await optimizer.step()).applied).toBe(true);
  });
});

describe('a step ahead', () => {
  test('is the same step, of which the next read tells', async () => {
    using optimizer = adamW(model, { lr: 0.01 });
    using other = await loadModel(fixtureModel('llama3-tiny'), { device: 'cpu' });
    using waiting = adamW(other, { lr: 0.01 });
    for (let step = 0; step < 2; step++) {
      await Promise.all([model, other].map((each) => each.accumulateGradient(slates, coefficients)));
      const ahead = optimizer.stepAhead();
      await expect(optimizer.stepAhead()).rejects.toMatchObject({ code: 'STEP_IN_PROGRESS' });
      await model.scoreTokens(slates);
      expect(await ahead).toEqual(await waiting.step());
    }
    expect(await weights()).toEqual(await weights(other));
    expect(optimizer.steps).toBe(2);
  });

  test('changes nothing where the gradient is not finite, or has failed', async () => {
    using optimizer = adamW(model, { lr: 0.1, weightDecay: 0.1 });
    const before = await weights();
    await model.accumulateGradient(slates, [[1e39, 1]]);
    const infinite = optimizer.stepAhead();
    await model.flushReads();
    expect(await infinite).toMatchObject({ applied: false });
    expect([await weights(), optimizer.steps]).toEqual([before, 0]);

    await model.accumulateGradient(slates, coefficients);
    const { device } = model.trained;
    const [{ gradient }] = model.trained.gradients() as unknown as [{ gradient: never }];
    device.scope(() => {
      const row = device.tensor(new Float32Array(64), [1, 64]);
      device.run('embedding_backward', [device.tensor([999], [1], 'i32'), row], [gradient], [1, 256, 64]);
    });
    const failed = expect(optimizer.stepAhead()).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
    await model.flushReads();
    await failed;
    expect([await weights(), optimizer.steps]).toEqual([before, 0]);
  });
});

describe('resuming', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pope-optimizer-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const steps = async (of: CausalModel, optimizer: ReturnType<typeof adamW>, count: number) => {
    for (let step = 0; step < count; step++) {
      await of.accumulateGradient(slates, coefficients);
      await optimizer.step();
    }
  };

  test('from saved weights and state gives the same bits', async () => {
    const options = { lr: 0.01, weightDecay: 0.01 };
    using optimizer = adamW(model, options);
    await steps(model, optimizer, 3);
    await model.save(join(folder, 'model'));
    await optimizer.save(join(folder, 'optimizer.safetensors'));
    await steps(model, optimizer, 2);

    using again = await loadModel(join(folder, 'model'));
    using resumed = adamW(again, options);
    await resumed.load(join(folder, 'optimizer.safetensors'));
    expect(resumed.steps).toBe(3);
    await steps(again, resumed, 2);
    expect(await weights(again)).toEqual(await weights());
  });

  test('from the state of another model is refused', async () => {
    using other = await loadModel(fixtureModel('gpt2-tiny'));
    using optimizer = adamW(other, { lr: 0.01 });
    const path = join(folder, 'optimizer.safetensors');
    await optimizer.save(path);
    using ours = adamW(model, { lr: 0.01 });
    await expect(ours.load(path)).rejects.toMatchObject({ code: 'OPTIMIZER_STATE', exitCode: 3 });
    await expect(ours.load(join(folder, 'none'))).rejects.toMatchObject({ code: 'MISSING_FILE' });
  });

  test('memory returns to that of the model and its gradients', async () => {
    await model.accumulateGradient(slates, coefficients);
    const before = model.memoryStats().liveBuffers;
    const optimizer = adamW(model, { lr: 0.01 });
    await optimizer.step();
    optimizer.dispose();
    optimizer.dispose();
    expect(model.memoryStats().liveBuffers).toBe(before);
  });
});

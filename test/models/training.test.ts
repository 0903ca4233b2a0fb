import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { GradientOptions } from '../../src/models/accumulate-gradient.js';
import type { CausalModel } from '../../src/models/causal-model.js';
import { loadModel } from '../../src/models/load.js';
import type { TokenSlate } from '../../src/models/packing.js';
import { SafetensorsFile } from '../../src/models/safetensors.js';
import { CAUSAL_FIXTURES, fixtureModel, randomIds } from '../helpers/model-fixtures.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { expectClose } from '../helpers/tolerance.js';

const slates: TokenSlate[] = [
  { prompt: randomIds(1, 1), responses: [randomIds(1, 2)] },
  { prompt: randomIds(20, 3), responses: [1, 5, 11, 12, 13, 2].map((count) => randomIds(count, count)) },
  { prompt: randomIds(30, 4), responses: [randomIds(9, 8), randomIds(3, 9)] },
];
const coefficients = [[0.5], [1, -2, 0.25, 3, 0, 1], [-1, 2]];
const entropyCoefficients = [[0.1], [0.5, 0, -0.25, 1, 2, 0.5], [0.3, -0.1]];

/** All gradients by name; clears them. */
async function gradientsOf(model: CausalModel): Promise<Map<string, Float32Array>> {
  const names = model.parameterNames();
  const values = await Promise.all(names.map((name) => model.gradient(name)));
  model.clearGradients();
  return new Map(names.map((name, i) => [name, values[i]!]));
}

/** Two orders of summation of a gradient in f32, against the size of the whole. */
function expectSameGradients(got: Map<string, Float32Array>, expected: Map<string, Float32Array>, factor = 1): void {
  expect([...got.keys()]).toEqual([...expected.keys()]);
  for (const [name, values] of expected) {
    const size = factor * Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
    const scaled = values.map((x) => factor * x);
    expectClose(got.get(name)!, scaled, { atol: 1e-5 * size + 1e-6, rtol: 1e-4 }, `gradient of ${name}`);
  }
}

describe.each(['gpt2-tiny', 'llama3-tiny-sharded', 'qwen3-tiny', 'phi3-tiny-longrope'])('%s', (name) => {
  let model: CausalModel;
  let whole: Map<string, Float32Array>;
  beforeAll(async () => {
    model = await loadModel(fixtureModel(name), { device: 'cpu' });
    await model.accumulateGradient(slates, coefficients, { entropyCoefficients, temperature: 1.3 });
    whole = await gradientsOf(model);
  });
  afterAll(() => model.dispose());

  test.each<[string, GradientOptions]>([
    ['unpacked', { packed: false }],
    ['in micro-batches', { batchTokens: 40 }],
    ['one response at a time', { packed: false, batchTokens: 1 }],
    ['with checkpointing', { checkpointing: true }],
    ['with checkpointing, in micro-batches', { checkpointing: true, batchTokens: 40 }],
  ])('the same gradients %s', async (_, options) => {
    await model.accumulateGradient(slates, coefficients, { entropyCoefficients, temperature: 1.3, ...options });
    expectSameGradients(await gradientsOf(model), whole);
  });

  test('checkpointing gives the same bits', async () => {
    await model.accumulateGradient(slates, coefficients, {
      entropyCoefficients,
      temperature: 1.3,
      checkpointing: true,
    });
    expect(await gradientsOf(model)).toEqual(whole);
  });

  test('passes add up until they are cleared', async () => {
    for (let pass = 0; pass < 2; pass++) {
      await model.accumulateGradient(slates, coefficients, { entropyCoefficients, temperature: 1.3 });
    }
    expectSameGradients(await gradientsOf(model), whole, 2);
    const cleared = await gradientsOf(model);
    for (const values of cleared.values()) expect(values.every((value) => value === 0)).toBe(true);
  });

  test('the gradient of sums is that of means with coefficients times the number of tokens', async () => {
    const times = (values: number[][]) =>
      values.map((own, i) => own.map((c, k) => c * slates[i]!.responses[k]!.length));
    await model.accumulateGradient(slates, times(coefficients), {
      entropyCoefficients: times(entropyCoefficients),
      temperature: 1.3,
    });
    const ofMeans = await gradientsOf(model);
    await model.accumulateGradient(slates, coefficients, { entropyCoefficients, temperature: 1.3, reduction: 'sum' });
    expectSameGradients(await gradientsOf(model), ofMeans);
  });

  test('a step along the gradient changes the objective by its squared length', async () => {
    const objective = async () => {
      const scores = await model.scoreTokens(slates, { entropy: true, temperature: 1.3 });
      let sum = 0;
      for (const [i, slate] of scores.entries()) {
        for (const [k, { mean, entropies }] of slate.entries()) {
          const entropy = entropies!.reduce((total, x) => total + x, 0) / entropies!.length;
          sum += coefficients[i]![k]! * mean + entropyCoefficients[i]![k]! * entropy;
        }
      }
      return sum;
    };
    const squared = [...whole.values()].reduce((sum, g) => sum + g.reduce((own, x) => own + x * x, 0), 0);
    const step = 3e-3 / Math.sqrt(squared);
    const { tensors, device } = model.trained;
    const original = new Map(await Promise.all([...tensors].map(async ([key, t]) => [key, await t.read()] as const)));
    const at = async (distance: number) => {
      for (const [key, tensor] of tensors) {
        device.write(
          tensor,
          original.get(key)!.map((value, i) => value + distance * whole.get(key)![i]!),
        );
      }
      return objective();
    };
    const slope = ((await at(step)) - (await at(-step))) / (2 * step);
    await at(0);
    expectClose([slope], [squared], { atol: 0, rtol: 2e-3 });
  });

  test('memory returns to parameters and gradients', async () => {
    await model.accumulateGradient(slates, coefficients);
    const before = model.memoryStats();
    await model.accumulateGradient(slates, coefficients, { entropyCoefficients, checkpointing: true });
    await model.accumulateGradient(slates, coefficients, { batchTokens: 40 });
    expect(model.memoryStats().liveBuffers).toBe(before.liveBuffers);
    expect(model.memoryStats().liveBytes).toBe(before.liveBytes);
    model.clearGradients();
  });
});

describe('a model in training', () => {
  let model: CausalModel;
  beforeAll(async () => {
    model = await loadModel(fixtureModel('gpt2-tiny'));
  });
  afterAll(() => model.dispose());

  test('nothing accumulated is zeros; unknown names are refused', async () => {
    expect(await model.gradient('transformer.ln_f.bias')).toEqual(new Float32Array(64));
    await expect(model.gradient('ln_f.bias')).rejects.toMatchObject({ code: 'UNKNOWN_PARAMETER', exitCode: 2 });
  });

  test('coefficients that do not fit are refused with their place', async () => {
    const slate = { prompt: [1], responses: [[1], [2]] };
    const cases: [number[][], RegExp][] = [
      [[], /coefficients: expected one array per slate \(1\), got 0/],
      [[[1]], /coefficients\[0\]: expected one number per response \(2\), got 1/],
      [[[1, Number.NaN]], /coefficients\[0\]\[1\]: expected a finite number, got number NaN/],
    ];
    for (const [wrong, message] of cases) {
      await expect(model.accumulateGradient([slate], wrong)).rejects.toMatchObject({
        code: 'COEFFICIENTS',
        message: expect.stringMatching(message),
      });
    }
    const wrong = { entropyCoefficients: [[1]] };
    await expect(model.accumulateGradient([slate], [[1, 1]], wrong)).rejects.toThrow(/entropyCoefficients\[0\]/);
    const reduction = { reduction: 'max' } as never;
    await expect(model.accumulateGradient([slate], [[1, 1]], reduction)).rejects.toMatchObject({ code: 'REDUCTION' });
    await expect(model.accumulateGradient([{ prompt: [], responses: [[1]] }], [[1]])).rejects.toMatchObject({
      code: 'EMPTY_PROMPT',
    });
  });

  test('nothing to learn from changes nothing', async () => {
    await model.accumulateGradient([], []);
    expect(await model.gradient('transformer.ln_f.bias')).toEqual(new Float32Array(64));
  });
});

describe('saving', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'pope-save-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  test.each(CAUSAL_FIXTURES)('%s, saved and loaded again, gives the same bits', async (name) => {
    using model = await loadModel(fixtureModel(name));
    const saved = join(root, 'a', 'saved');
    await model.save(saved);
    using again = await loadModel(saved);
    expect(again.parameterNames()).toEqual(model.parameterNames());
    expect(await again.scoreTokens(slates)).toEqual(await model.scoreTokens(slates));
    const config = JSON.parse(readFileSync(join(saved, 'config.json'), 'utf8'));
    expect(config.torch_dtype ?? config.dtype ?? 'float32').toBe('float32');
    const file = await SafetensorsFile.open(join(saved, 'model.safetensors'));
    expect([...file.tensors.keys()]).toEqual(model.parameterNames());
    await file.close();
  });

  test('tokenizer files go along; an old model is replaced, other folders are not', async () => {
    using model = await loadModel(await tinyModel());
    const folder = join(root, 'saved');
    await model.save(folder);
    await model.save(folder);
    expect((await readdir(folder)).sort()).toEqual([
      'SHA256SUMS',
      'config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    expect(await readdir(root)).toEqual(['saved']);
    await writeFile(join(root, 'letter.txt'), '');
    await expect(model.save(root)).rejects.toMatchObject({ code: 'OUTPUT_NOT_A_MODEL' });
    await expect(model.save(join(root, 'letter.txt'))).rejects.toMatchObject({ code: 'OUTPUT_NOT_A_MODEL' });
    expect((await readdir(root)).sort()).toEqual(['letter.txt', 'saved']);
  });
});

import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { adamW } from '../../src/align/optimizer.js';
import type { GradientOptions } from '../../src/models/accumulate-gradient.js';
import type { CausalModel } from '../../src/models/causal-model.js';
import { loadModel } from '../../src/models/load.js';
import type { LoraOptions } from '../../src/models/lora.js';
import type { TokenSlate } from '../../src/models/packing.js';
import { SafetensorsFile } from '../../src/models/safetensors.js';
import { fixtureModel, randomIds } from '../helpers/model-fixtures.js';
import { expectClose } from '../helpers/tolerance.js';

const slates: TokenSlate[] = [
  { prompt: randomIds(20, 3), responses: [1, 5, 12].map((count) => randomIds(count, count)) },
  { prompt: randomIds(30, 4), responses: [randomIds(9, 8)] },
];
const coefficients = [[1, -2, 0.5], [3]];

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'pope-lora-'));
});
afterEach(() => rm(root, { recursive: true }));

async function train(model: CausalModel, steps: number): Promise<void> {
  using optimizer = adamW(model, { lr: 0.01 });
  for (let step = 0; step < steps; step++) {
    await model.accumulateGradient(slates, coefficients);
    expect((await optimizer.step()).applied).toBe(true);
  }
}

const objective = async (model: CausalModel) =>
  (await model.scoreTokens(slates))
    .flatMap((slate, i) => slate.map(({ mean }, k) => coefficients[i]![k]! * mean))
    .reduce((a, b) => a + b, 0);

async function gradients(model: CausalModel): Promise<Map<string, Float32Array>> {
  const names = model.parameterNames();
  const values = await Promise.all(names.map((name) => model.gradient(name)));
  model.clearGradients();
  return new Map(names.map((name, i) => [name, values[i]!]));
}

interface Family {
  name: string;
  options: LoraOptions;
  /** A module that is adapted, its parameter in the checkpoint, and whether that is [out, in]. */
  module: string;
  parameter: string;
  transposed: boolean;
}

const families: Family[] = [
  {
    name: 'llama3-tiny',
    options: { rank: 3, alpha: 12 },
    module: 'model.layers.1.self_attn.v_proj',
    parameter: 'model.layers.1.self_attn.v_proj.weight',
    transposed: true,
  },
  {
    name: 'gpt2-tiny-f16-hubnames',
    options: { rank: 2, alpha: 3, targetModules: ['c_attn', 'c_fc', 'c_proj'] },
    module: 'transformer.h.0.mlp.c_fc',
    parameter: 'h.0.mlp.c_fc.weight',
    transposed: false,
  },
  {
    name: 'phi3-tiny',
    options: { rank: 4, alpha: 4, targetModules: ['gate_up_proj', 'o_proj'] },
    module: 'model.layers.0.mlp.gate_up_proj',
    parameter: 'model.layers.0.mlp.gate_up_proj.weight',
    transposed: true,
  },
];

describe.each(families)('$name', ({ name, options, module, parameter, transposed }) => {
  let model: CausalModel;
  beforeEach(async () => {
    model = await loadModel(fixtureModel(name), { device: 'cpu' });
  });
  afterEach(() => model.dispose());

  test('begins as the base model, trains alone, and can be switched off', async () => {
    const base = await model.scoreTokens(slates);
    const frozen = model.parameterNames();
    model.addLora(options);
    expect(await model.scoreTokens(slates)).toEqual(base);
    const before = await objective(model);
    await train(model, 4);
    expect(await objective(model)).toBeGreaterThan(before + 0.1);
    expect(await model.scoreTokens(slates, { adapters: false })).toEqual(base);
    expect(model.parameterNames()).toContain(`base_model.model.${module}.lora_A.weight`);
    await expect(model.gradient(frozen[0]!)).rejects.toMatchObject({ code: 'FROZEN_PARAMETER', exitCode: 2 });
  });

  test('merged into a saved model it scores the same, and its gradients are those of the merged matrix', async () => {
    model.addLora(options);
    await train(model, 3);
    await model.save(join(root, 'merged'));
    using merged = await loadModel(join(root, 'merged'));
    const [ours, theirs] = [await model.scoreTokens(slates), await merged.scoreTokens(slates)];
    for (const [i, slate] of theirs.entries()) {
      for (const [k, { logProbs }] of slate.entries()) {
        expectClose(ours[i]![k]!.logProbs, logProbs, { atol: 5e-5, rtol: 0 }, `slate ${i}, response ${k}`);
      }
    }

    // With W' = W + s B A:  dA = s B^T dW',  dB = s dW' A^T.
    await merged.accumulateGradient(slates, coefficients);
    await model.accumulateGradient(slates, coefficients);
    const dW = await merged.gradient(parameter);
    const [outputs, inputs] = transposed
      ? merged.trained.tensors.get(parameter)!.shape
      : [...merged.trained.tensors.get(parameter)!.shape].reverse();
    const at = (o: number, i: number) => dW[transposed ? o * inputs! + i : i * outputs! + o]!;
    const key = (matrix: string) => `base_model.model.${module}.lora_${matrix}.weight`;
    const read = (matrix: string) => model.trained.tensors.get(key(matrix))!.read();
    const [a, b] = [await read('A'), await read('B')];
    const { rank, alpha } = options;
    const sum = (count: number, term: (i: number) => number) => {
      let total = 0;
      for (let i = 0; i < count; i++) total += term(i);
      return (alpha / rank) * total;
    };
    const dA = a.map((_, e) => sum(outputs!, (o) => b[o * rank + Math.floor(e / inputs!)]! * at(o, e % inputs!)));
    const dB = b.map((_, e) => sum(inputs!, (i) => at(Math.floor(e / rank), i) * a[(e % rank) * inputs! + i]!));
    for (const [matrix, expected] of [
      ['A', dA],
      ['B', dB],
    ] as const) {
      const size = Math.sqrt(expected.reduce((total, x) => total + x * x, 0));
      expectClose(await model.gradient(key(matrix)), expected, { atol: 1e-4 * size, rtol: 1e-4 }, matrix);
    }
  });

  test('saved as a PEFT adapter and loaded again it gives the same bits', async () => {
    model.addLora(options);
    await train(model, 2);
    const folder = join(root, 'adapter');
    await model.saveAdapter(folder);
    expect((await readdir(folder)).sort()).toEqual(['SHA256SUMS', 'adapter_config.json', 'adapter_model.safetensors']);
    expect(JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8'))).toMatchObject({
      peft_type: 'LORA',
      r: options.rank,
      lora_alpha: options.alpha,
      fan_in_fan_out: !transposed,
    });
    const file = await SafetensorsFile.open(join(folder, 'adapter_model.safetensors'));
    expect([...file.tensors.keys()]).toEqual(model.parameterNames());
    await file.close();

    using again = await loadModel(fixtureModel(name));
    const { hash } = again;
    await again.loadAdapter(folder);
    expect(again.hash).not.toBe(hash);
    expect(await again.scoreTokens(slates)).toEqual(await model.scoreTokens(slates));
  });

  test('memory returns to the model, its adapters and their gradients', async () => {
    model.addLora(options);
    await model.accumulateGradient(slates, coefficients);
    const before = model.memoryStats().liveBuffers;
    await model.accumulateGradient(slates, coefficients, { checkpointing: true });
    await model.save(join(root, 'merged'));
    expect(model.memoryStats().liveBuffers).toBe(before);
  });
});

describe('dropout', () => {
  const options = { rank: 4, alpha: 4, dropout: 0.4 };
  let model: CausalModel;
  beforeEach(async () => {
    model = await loadModel(fixtureModel('qwen3-tiny'), { device: 'cpu' });
    model.addLora(options);
  });
  afterEach(() => model.dispose());

  test('draws the masks of a pass by its number, also when blocks are run again', async () => {
    await train(model, 1);
    const pass = async (number: number | undefined, checkpointing = false) => {
      const given = number === undefined ? {} : { pass: number };
      await model.accumulateGradient(slates, coefficients, { checkpointing, ...given });
      return gradients(model);
    };
    const third = await pass(3);
    expect(await pass(3)).toEqual(third);
    expect(await pass(3, true)).toEqual(third);
    expect(await pass(4)).not.toEqual(third);
    expect(await pass(undefined)).not.toEqual(await pass(undefined));
  });

  test.each<[string, GradientOptions]>([
    ['in micro-batches', { batchTokens: 20 }],
    ['unpacked', { packed: false }],
    ['one response at a time, with checkpointing', { packed: false, batchTokens: 1, checkpointing: true }],
  ])('draws the same masks %s', async (_, how) => {
    await train(model, 1);
    await model.accumulateGradient(slates, coefficients, { pass: 5 });
    const whole = await gradients(model);
    await model.accumulateGradient(slates, coefficients, { pass: 5, ...how });
    const parts = await gradients(model);
    for (const [name, values] of whole) {
      const size = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
      expectClose(parts.get(name)!, values, { atol: 1e-5 * size + 1e-6, rtol: 1e-4 }, `gradient of ${name}`);
    }
  });

  test('draws other masks for every slate, response and token', async () => {
    await train(model, 1);
    const response = randomIds(6, 1);
    const twice = { prompt: randomIds(9, 2), responses: [response, response] };
    const gradientOf = async (i: number, k: number) => {
      await model.accumulateGradient(
        [twice, twice],
        [0, 1].map((slate) => [0, 1].map((index) => (slate === i && index === k ? 1 : 0))),
        { pass: 5 },
      );
      return (await gradients(model)).values().next().value;
    };
    const places = [await gradientOf(0, 0), await gradientOf(0, 1), await gradientOf(1, 0)];
    for (const [index, own] of places.entries()) {
      for (const other of places.slice(0, index)) expect(own).not.toEqual(other);
    }
  });

  test('is for training only', async () => {
    await train(model, 2);
    await model.saveAdapter(join(root, 'adapter'));
    const config = JSON.parse(readFileSync(join(root, 'adapter', 'adapter_config.json'), 'utf8'));
    expect(config.lora_dropout).toBe(0.4);
    await writeFile(join(root, 'adapter', 'adapter_config.json'), JSON.stringify({ ...config, lora_dropout: 0 }));
    await rm(join(root, 'adapter', 'SHA256SUMS'));
    using plain = await loadModel(fixtureModel('qwen3-tiny'));
    await plain.loadAdapter(join(root, 'adapter'));
    expect(await plain.scoreTokens(slates)).toEqual(await model.scoreTokens(slates));
  });

  test('another seed begins elsewhere', async () => {
    using other = await loadModel(fixtureModel('qwen3-tiny'));
    other.addLora({ ...options, seed: 1 });
    const first = (of: CausalModel) => [...of.trained.tensors.values()][0]!.read();
    expect(await first(other)).not.toEqual(await first(model));
  });
});

describe('mistakes', () => {
  let model: CausalModel;
  beforeEach(async () => {
    model = await loadModel(fixtureModel('llama3-tiny'));
  });
  afterEach(() => model.dispose());

  test.each<[string, LoraOptions, RegExp]>([
    ['rank', { rank: 0, alpha: 1 }, /rank must be a whole number above 0, not number 0/],
    ['alpha', { rank: 1, alpha: Number.NaN }, /alpha must be a number above 0/],
    ['dropout', { rank: 1, alpha: 1, dropout: 1 }, /dropout must be in \[0, 1\)/],
    ['targets', { rank: 1, alpha: 1, targetModules: [] }, /targetModules must be some of q_proj, k_proj/],
    ['target', { rank: 1, alpha: 1, targetModules: ['c_attn'] }, /one of q_proj, k_proj.*not "c_attn"/],
  ])('a wrong %s is refused', (_, options, message) => {
    expect(() => model.addLora(options)).toThrowError(
      expect.objectContaining({ code: 'LORA_OPTION', message: expect.stringMatching(message) }),
    );
  });

  test('adapters twice, none to save, or those of another model', async () => {
    await expect(model.saveAdapter(root)).rejects.toMatchObject({ code: 'LORA_ABSENT' });
    await expect(model.loadAdapter(root)).rejects.toMatchObject({ code: 'MISSING_FILE' });
    model.addLora({ rank: 2, alpha: 2 });
    expect(() => model.addLora({ rank: 2, alpha: 2 })).toThrowError(expect.objectContaining({ code: 'LORA_PRESENT' }));
    await model.saveAdapter(join(root, 'adapter'));
    using other = await loadModel(fixtureModel('qwen3-tiny'));
    await expect(other.loadAdapter(join(root, 'adapter'))).rejects.toMatchObject({
      code: 'ADAPTER_MISMATCH',
      exitCode: 3,
    });
    expect(other.parameterNames()).toContain('model.norm.weight');
  });
});

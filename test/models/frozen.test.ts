/** Weights that do not train, in bf16 alone, on the CPU and on a GPU that is the host (native/simt) or a real one. */
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { adamW } from '../../src/align/optimizer.js';
import { resolveSettings } from '../../src/align/options.js';
import { adapt } from '../../src/align/prepare.js';
import type { CausalModel } from '../../src/models/causal-model.js';
import { dryModel } from '../../src/models/dry-model.js';
import { loadModel } from '../../src/models/load.js';
import { loadEncoder } from '../../src/models/load-encoder.js';
import { bf16Fixture, fixtureModel } from '../helpers/model-fixtures.js';
import { simtBinary } from '../helpers/simt-addon.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

process.env.POPE_NATIVE_PATH ??= simtBinary;
const root = temporaryFolder();
const onCpu = { device: 'cpu', dtype: 'bf16' } as const;
const slates = [{ prompt: [1, 17, 3], responses: [[99], [7, 140]] }];
const coefficients = [[1, -0.5]];

const open: CausalModel[] = [];
afterEach(() => {
  for (const model of open.splice(0)) model.dispose();
});
async function opened(...given: Parameters<typeof loadModel>): Promise<CausalModel> {
  const model = await loadModel(...given);
  open.push(model);
  return model;
}

/** Bytes of the weights, and whether lookups and products read one table, in bf16 or not. */
function bytesOf({ weights }: CausalModel) {
  const bytes = { matrices: 0, tables: 0, vectors: 0 };
  for (const [name, { shape, dtype, size }] of weights.tensors) {
    const kind = shape.length === 1 ? 'vectors' : /embed_tokens|wte|wpe/.test(name) ? 'tables' : 'matrices';
    bytes[kind] += size * (dtype === 'bf16' ? 2 : 4);
  }
  return bytes;
}

describe.each([
  ['gpt2-tiny', 'F32', 'cuda'],
  ['qwen3-tiny-bf16', 'BF16', 'cuda'],
  ['gpt2-tiny', 'F32', 'cpu'],
  ['gpt2-tiny-f16-hubnames', 'F16', 'cpu'],
  ['gpt2-tiny', 'BF16', 'cpu'],
  ['llama3-tiny', 'F32', 'cpu'],
  ['llama3-tiny', 'BF16', 'cpu'],
  ['qwen3-tiny', 'F32', 'cpu'],
  ['qwen3-tiny-bf16', 'BF16', 'cpu'],
  ['phi3-tiny', 'F32', 'cpu'],
  ['phi3-tiny', 'BF16', 'cpu'],
] as const)('%s, stored in %s, on %s', (name, stored, device) => {
  const bf16 = { device, dtype: 'bf16' } as const;
  const frozen = { ...bf16, frozen: true } as const;
  const folder = stored === 'BF16' ? bf16Fixture(name, root) : fixtureModel(name);

  test('takes 2 bytes a number, and 4 in tables that bf16 would change', async () => {
    const [free, held] = [await opened(folder, bf16), await opened(folder, frozen)];
    const [f32, own] = [bytesOf(free), bytesOf(held)];
    const tables = stored === 'BF16' ? f32.tables / 2 : f32.tables;
    expect(own).toEqual({ matrices: f32.matrices / 2, tables, vectors: f32.vectors });
    const { liveBytes } = held.memoryStats();
    expect(liveBytes).toBe(own.matrices + own.tables + own.vectors);
    await held.scoreTokens(slates);
    // Of a table in f32 that is the head too, a rounded copy is kept.
    const head = held.weights.tensors.get(
      [...held.weights.tensors.keys()].find((key) => /wte|embed_tokens/.test(key))!,
    )!;
    const copy = held.config.tied && stored !== 'BF16' ? 2 * head.size : 0;
    const rotary = await rotaryBytes(folder);
    expect(held.memoryStats().liveBytes).toBe(liveBytes + copy + rotary);
  });

  test('gives the bits of the model that may train', async () => {
    const [free, held] = [await opened(folder, bf16), await opened(folder, frozen)];
    expect(held.hash).toBe(free.hash);
    expect(await held.scoreTokens(slates, { entropy: true })).toEqual(
      await free.scoreTokens(slates, { entropy: true }),
    );
    const prompts = [{ ids: slates[0]!.prompt }];
    const sampling = { n: 1, maxTokens: 2, stop: [], seed: 5 };
    expect(await held.generateBatch(prompts, sampling)).toEqual(await free.generateBatch(prompts, sampling));
  });

  test('trains adapters to the same bits', async () => {
    const results = [];
    for (const model of [await opened(folder, bf16), await opened(folder, frozen)]) {
      model.addLora({ rank: 2, alpha: 4, seed: 1 });
      using optimizer = adamW(model, { lr: 1e-2 });
      await model.accumulateGradient(slates, coefficients);
      await optimizer.step(); // B is zero before
      await model.accumulateGradient(slates, coefficients, { checkpointing: true });
      const gradients = await Promise.all(model.parameterNames().map((each) => model.gradient(each)));
      expect(gradients.every((gradient) => gradient.some((value) => value !== 0))).toBe(true);
      results.push({ gradients, scores: await model.scoreTokens(slates) });
    }
    expect(results[1]).toEqual(results[0]);
  });
});

/** What a model keeps of its first pass: the rotary tables. */
async function rotaryBytes(folder: string): Promise<number> {
  using model = await loadModel(folder, { device: 'cpu' });
  const before = model.memoryStats().liveBytes;
  await model.scoreTokens(slates);
  return model.memoryStats().liveBytes - before;
}

describe('a frozen model', () => {
  const folder = fixtureModel('llama3-tiny');

  test.each(['f32', 'bf16'] as const)('in %s does not train without adapters, and says what to do', async (dtype) => {
    const model = await opened(folder, { device: 'cpu', dtype, frozen: true });
    const refusal = { code: 'FROZEN_MODEL', exitCode: 2, message: expect.stringMatching(/without `frozen`.*addLora/) };
    await expect(model.accumulateGradient(slates, coefficients)).rejects.toMatchObject(refusal);
    await expect(model.recordScores(slates)).rejects.toMatchObject(refusal);
    await expect(adapt(model, resolveSettings({ method: 'sft' }))).rejects.toMatchObject(refusal);
    expect(() => adamW(model, { lr: 1 })).toThrowError(expect.objectContaining(refusal));
    await expect(model.gradient('model.norm.weight')).rejects.toMatchObject({ code: 'FROZEN_PARAMETER' });
    expect(model.parameterNames()).toEqual([]);
  });

  test('in f32 holds what another one holds', async () => {
    const [free, held] = [
      await opened(folder, { device: 'cpu' }),
      await opened(folder, { device: 'cpu', frozen: true }),
    ];
    expect(bytesOf(held)).toEqual(bytesOf(free));
  });

  test('is saved with the weights that it computes with, adapters merged', async () => {
    const model = await opened(folder, { ...onCpu, frozen: true });
    await model.save(join(root, 'plain'));
    const plain = await opened(join(root, 'plain'), onCpu);
    expect(await plain.scoreTokens(slates)).toEqual(await model.scoreTokens(slates));
    model.addLora({ rank: 2, alpha: 4 });
    using optimizer = adamW(model, { lr: 1e-2 });
    await model.accumulateGradient(slates, coefficients);
    await optimizer.step();
    await model.save(join(root, 'merged'));
    const merged = await opened(join(root, 'merged'), { device: 'cpu' });
    const module = 'model.layers.0.self_attn.q_proj';
    const matrix = ({ weights }: CausalModel) => weights.tensors.get(`${module}.weight`)!.read();
    const adapter = (part: 'A' | 'B') => model.trained.tensors.get(`base_model.model.${module}.lora_${part}.weight`)!;
    const [before, after, a, b] = [await matrix(plain), await matrix(merged), adapter('A'), adapter('B')];
    const [left, right] = [await b.read(), await a.read()];
    const inputs = a.shape[1]!;
    const differences = before.map((value, i) => {
      const [row, column] = [Math.floor(i / inputs), i % inputs];
      const product = left[2 * row]! * right[column]! + left[2 * row + 1]! * right[inputs + column]!;
      return Math.abs(after[i]! - value - 2 * product);
    });
    expect(after).not.toEqual(before);
    expect(Math.max(...differences)).toBeLessThan(1e-4); // that product is one of bf16
  });

  test.each([
    ['in a table of f32', fixtureModel('llama3-tiny')],
    ['in bf16', bf16Fixture('phi3-tiny', root)],
  ])('rehearses with what it holds, %s', async (_, base) => {
    const peak = async (model: CausalModel) => {
      model.addLora({ rank: 2, alpha: 4 });
      await model.accumulateGradient(slates, coefficients);
      return model.memoryStats().peakBytes;
    };
    const model = await opened(base, { ...onCpu, frozen: true });
    using planned = dryModel(model);
    using other = dryModel(await opened(base, onCpu), { frozen: true });
    const expected = await peak(model);
    expect([await peak(planned), await peak(other)]).toEqual([expected, expected]);
    const dry = await opened(base, { ...onCpu, frozen: true, dry: true });
    expect(bytesOf(dry)).toEqual(bytesOf(model));
  });
});

test('an encoder in bf16, which never trains, holds its matrices so', async () => {
  const folder = fixtureModel('bert-tiny-minilm');
  const results = [];
  for (const dtype of ['f32', 'bf16'] as const) {
    const encoder = await loadEncoder(folder, { device: 'cpu', dtype });
    const { liveBytes } = encoder.memoryStats();
    const [vector] = await encoder.embedIds([{ ids: [1, 5, 9, 2] }]);
    results.push({ vector: vector!, liveBytes, after: encoder.memoryStats().liveBytes });
    encoder.dispose();
  }
  const [exact, rounded] = results;
  expect(rounded!.liveBytes).toBeLessThan(exact!.liveBytes);
  expect(rounded!.after).toBe(rounded!.liveBytes); // no copies are kept
  const worst = Math.max(...rounded!.vector.map((value, i) => Math.abs(value - exact!.vector[i]!)));
  expect(worst).toBeLessThan(0.02);
  expect(worst).toBeGreaterThan(1e-6); // or nothing was rounded
});

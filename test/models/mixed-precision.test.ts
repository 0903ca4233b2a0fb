/** Products in bf16, over weights, gradients and moments in f32, on the CPU and on a GPU that is the host (native/simt) or a real one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adamW } from '../../src/align/optimizer.js';
import type { CausalModel } from '../../src/models/causal-model.js';
import type { LlamaConfig } from '../../src/models/llama-config.js';
import { loadModel } from '../../src/models/load.js';
import { fixtureModel } from '../helpers/model-fixtures.js';
import { simtBinary } from '../helpers/simt-addon.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

process.env.POPE_NATIVE_PATH ??= simtBinary;
const root = temporaryFolder();
const folder = fixtureModel('llama3-tiny');
const [batch] = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')).batches;
const slates = [{ prompt: batch.prompt_ids as number[], responses: batch.responses as number[][] }];

const logProbs = async (model: CausalModel) =>
  (await model.scoreTokens(slates))[0]!.flatMap((score) => [...score.logProbs]);

describe.each(['cuda', 'cpu'] as const)('a model whose products are in bf16, on %s', (device) => {
  const bf16 = { device, dtype: 'bf16' } as const;
  let model: CausalModel;
  beforeAll(async () => {
    model = await loadModel(folder, bf16);
  });
  afterAll(() => model.dispose());

  test('scores as the golden values do, to 0.05 nat in the mean', async () => {
    const golden = (batch.token_logprobs as number[][]).flat();
    const differences = (await logProbs(model)).map((value, i) => Math.abs(value - golden[i]!));
    const mean = differences.reduce((a, b) => a + b, 0) / differences.length;
    expect(mean).toBeLessThan(0.05);
    expect(mean).toBeGreaterThan(1e-5); // or nothing was rounded
  });

  test.each(['llama3-tiny', 'gpt2-tiny'])(
    '%s: a pass without gradients, in 16 bits where only products read, has the same bits',
    async (name) => {
      using other = await loadModel(fixtureModel(name), bf16);
      using recorded = await other.recordScores(slates);
      const [scores] = await other.scoreTokens(slates, { entropy: true });
      expect(scores).toEqual(recorded!.scores[0]);
    },
  );

  test('has gradients along those of f32', async () => {
    using exact = await loadModel(folder, { device });
    for (const each of [model, exact]) await each.accumulateGradient(slates, [batch.coefficients]);
    for (const name of model.parameterNames()) {
      const [a, b] = [await model.gradient(name), await exact.gradient(name)];
      const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
      expect(dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)), name).toBeGreaterThan(0.98);
    }
    model.trained.clear();
  });

  test('multiplies by what its weights have become, small steps included', async () => {
    using optimizer = adamW(model, { lr: 1e-5 });
    const before = await logProbs(model);
    for (let step = 0; step < 3; step++) {
      await model.accumulateGradient(slates, [batch.coefficients]);
      expect((await optimizer.step()).applied).toBe(true);
    }
    const after = await logProbs(model);
    expect(after).not.toEqual(before);
    // Steps far below what bf16 tells apart are not lost: the file has them, in f32.
    const saved = join(root, `saved-${device}`);
    await model.save(saved);
    using again = await loadModel(saved, bf16);
    expect(await logProbs(again)).toEqual(after);
  });

  test("draws samples whose log-probability is the reference's score, to 0.05 nat per token", async () => {
    using exact = await loadModel(folder, { device: 'cpu' });
    const prompt: number[] = batch.prompt_ids;
    const [samples] = await model.generateBatch([{ ids: prompt }], { n: 4, maxTokens: 12, stop: [], seed: 3 });
    const [scores] = await exact.scoreTokens([{ prompt, responses: samples!.map(({ ids }) => ids) }]);
    const difference =
      samples!.reduce((sum, { logProb }, i) => sum + Math.abs(logProb - scores![i]!.sum), 0) / (4 * 12);
    expect(difference).toBeLessThan(0.05);
    expect(difference).toBeGreaterThan(1e-5); // or nothing was rounded
  });

  test('keeps keys and values of the prompt and its samples in 16 bits', async () => {
    const { layers, keyValueHeads, headSize } = model.config as LlamaConfig;
    const prompt: number[] = batch.prompt_ids;
    const cacheBytes: number[] = [];
    for (const each of [model, await loadModel(folder, { device })]) {
      const generate = (onProgress = () => {}) =>
        each.generateBatch([{ ids: prompt }], { n: 3, maxTokens: 3, stop: [], onProgress });
      await generate(); // rotary tables and rounded weights, which stay
      const before = each.memoryStats().liveBytes;
      let during = 0;
      await generate(() => {
        during ||= each.memoryStats().liveBytes; // before the first step
      });
      expect(each.memoryStats().liveBytes).toBe(before);
      cacheBytes.push(during - before);
      if (each !== model) each.dispose();
    }
    const numbers = 2 * layers * (prompt.length + 3 * 2) * keyValueHeads * headSize;
    expect(cacheBytes).toEqual([2 * numbers, 4 * numbers]);
  });

  test('trains adapters beside frozen weights', async () => {
    using adapted = await loadModel(folder, bf16);
    adapted.addLora({ rank: 2, alpha: 4, seed: 1 });
    using optimizer = adamW(adapted, { lr: 1e-2 });
    const before = await logProbs(adapted);
    for (let step = 0; step < 2; step++) {
      await adapted.accumulateGradient(slates, [batch.coefficients], { checkpointing: true });
      await optimizer.step();
    }
    expect(await logProbs(adapted)).not.toEqual(before);
  });
});

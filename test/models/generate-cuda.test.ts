/**
 * Generation on a GPU, where steps are replayed and read several at a time; here the GPU is the host (native/simt), with
 * POPE_NATIVE_PATH=build-cuda/Release/pope_cuda.node it is a real one.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadModel } from '../../src/models/load.js';
import { fixtureModel, randomIds } from '../helpers/model-fixtures.js';
import { simtBinary } from '../helpers/simt-addon.js';

process.env.POPE_NATIVE_PATH ??= simtBinary;

/** Absolute positions; rotary tables that change on the way. */
test.each(['gpt2-tiny', 'phi3-tiny-longrope'])('the greedy tokens of %s are those of the reference', async (name) => {
  const { batches } = JSON.parse(readFileSync(join(fixtureModel(name), 'expected.json'), 'utf8'));
  const [{ prompt_ids, greedy }] = batches as [{ prompt_ids: number[]; greedy: { tokens: number[] } }];
  using model = await loadModel(fixtureModel(name), { device: 'cuda' });
  const options = { maxTokens: greedy.tokens.length, temperature: 0 };
  expect(await model.generate(prompt_ids, options)).toEqual(greedy.tokens);
});

test('samples of many lengths are those of the CPU, over several reads and as rows end', async () => {
  const folder = fixtureModel('llama3-tiny');
  using cpu = await loadModel(folder, { device: 'cpu' });
  using gpu = await loadModel(folder, { device: 'cuda' });
  const prompts = [3, 7].map((length, i) => ({ ids: randomIds(length, i + 1) }));
  const free = await cpu.generateBatch(prompts, { n: 3, maxTokens: 12, seed: 4, stop: [] });
  // Ends in a first step, at the end of a read, and within one; some samples run to their last token.
  const stop = [free[0]![0]!.ids[0]!, free[0]![1]!.ids[7]!, free[1]![2]!.ids[9]!];
  const options = { n: 3, maxTokens: 12, seed: 4, stop };
  const expected = await cpu.generateBatch(prompts, options);
  const lengths = expected.flat().map(({ ids }) => ids.length);
  expect(new Set(lengths).size).toBeGreaterThan(3);
  expect(Math.max(...lengths)).toBe(12);
  const seen: number[] = [];
  const samples = await gpu.generateBatch(prompts, { ...options, onProgress: ({ tokens }) => void seen.push(tokens) });
  for (const [i, some] of samples.entries()) {
    for (const [k, { ids, logProb, finish }] of some.entries()) {
      expect({ ids, finish }).toEqual({ ids: expected[i]![k]!.ids, finish: expected[i]![k]!.finish });
      expect(logProb).toBeCloseTo(expected[i]![k]!.logProb, 4);
    }
  }
  expect(seen).toHaveLength(12);
  expect(seen.at(-1)).toBe(lengths.reduce((a, b) => a + b));
});

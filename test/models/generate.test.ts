import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataError, UsageError } from '../../src/errors.js';
import type { CausalModel } from '../../src/models/causal-model.js';
import { loadModel } from '../../src/models/load.js';
import { CAUSAL_FIXTURES, fixtureModel, randomIds } from '../helpers/model-fixtures.js';
import { sharedPath } from '../helpers/shared.js';
import { tinyModel } from '../helpers/tiny-model.js';

interface Expected {
  batches: { name: string; prompt_ids: number[]; greedy: { tokens: number[] } }[];
}

describe.each(CAUSAL_FIXTURES)('%s', (name) => {
  const { batches }: Expected = JSON.parse(readFileSync(join(fixtureModel(name), 'expected.json'), 'utf8'));
  let model: CausalModel;
  beforeAll(async () => {
    model = await loadModel(fixtureModel(name), { device: 'cpu' });
  });
  afterAll(() => model.dispose());

  test.each(batches)('the greedy tokens of batch $name are those of the reference', async (batch) => {
    const options = { maxTokens: batch.greedy.tokens.length, temperature: 0 };
    expect(await model.generate(batch.prompt_ids, options)).toEqual(batch.greedy.tokens);
  });

  test('what a cache gives is what running everything again gives, to the end of a sequence', async () => {
    const prompt = randomIds(5, 1);
    const ids = [...prompt];
    // 5 + 40 tokens: on both sides of the original context of longrope, 32.
    const generated = await model.generate(prompt, { maxTokens: 40, temperature: 0 });
    for (const id of generated) {
      const logits = await model.logits(ids, { positions: [ids.length - 1] });
      expect(logits.indexOf(Math.max(...logits))).toBe(id);
      ids.push(id);
    }
  });

  test('the log-probability of a sample is its score', async () => {
    const prompts = [randomIds(3, 1), randomIds(11, 2)];
    for (const temperature of [1, 0.7]) {
      const settings = { n: 4, maxTokens: 17, temperature, topK: 20, seed: 5 };
      const generations = await model.generateBatch(
        prompts.map((ids) => ({ ids })),
        settings,
      );
      const slates = prompts.map((prompt, i) => ({ prompt, responses: generations[i]!.map(({ ids }) => ids) }));
      const scores = await model.scoreTokens(slates, { temperature });
      for (const [i, samples] of generations.entries()) {
        for (const [k, { logProb }] of samples.entries()) expect(logProb).toBeCloseTo(scores[i]![k]!.sum, 4);
      }
    }
  });
});

describe('samples', () => {
  let model: CausalModel;
  beforeAll(async () => {
    model = await loadModel(await tinyModel('qwen3-tiny'));
  });
  afterAll(() => model.dispose());

  const prompts = [4, 1, 19, 4].map((length, i) => ({ ids: randomIds(length, i + 1), stream: 100 + i }));
  const settings = { maxTokens: 23, seed: 7 };

  test('are the same for the same seed, whatever is generated beside them', async () => {
    const all = await model.generateBatch(prompts, { ...settings, n: 9 });
    expect(new Set(all.flat().map(({ ids }) => ids.join())).size).toBe(36);
    expect(await model.generateBatch(prompts, { ...settings, n: 9 })).toEqual(all);
    for (const batchTokens of [1, 60, 150, 100_000]) {
      const fewer = await model.generateBatch(prompts, { ...settings, n: 3, batchTokens });
      expect(fewer).toEqual(all.map((samples) => samples.slice(0, 3)));
    }
    for (const [i, prompt] of prompts.entries()) {
      expect(await model.generateBatch([prompt], { ...settings, n: 9 })).toEqual([all[i]]);
    }
    const single = { ...settings, n: 1 };
    expect(await model.generate(prompts[0]!.ids, single)).not.toEqual(all[0]![0]!.ids); // Stream 0, not 100.
    expect(await model.generateBatch(prompts, { ...single, seed: 8 })).not.toEqual(all.map((some) => some.slice(0, 1)));
  });

  test('come as often as softmax says, the first token and the second', async () => {
    const n = 6000;
    const temperature = 0.6;
    const [samples] = await model.generateBatch([prompts[2]!], { maxTokens: 2, temperature, n, seed: 1 });
    const first = samples!.map(({ ids }) => ids[0]!);
    await expectFrequencies(first, prompts[2]!.ids);
    const common = mostFrequent(first);
    const second = samples!.flatMap(({ ids }) => (ids[0] === common && ids.length > 1 ? [ids[1]!] : []));
    expect(second.length).toBeGreaterThan(300);
    await expectFrequencies(second, [...prompts[2]!.ids, common]);

    /** Pearson's chi-square over the tokens expected at least 5 times, the rest together; 99.9 % point. */
    async function expectFrequencies(drawn: number[], ids: number[]): Promise<void> {
      const logits = await model.logits(ids, { positions: [ids.length - 1] });
      const weights = Array.from(logits, (z) => Math.exp(z / temperature));
      const total = weights.reduce((a, b) => a + b, 0);
      const cells = new Map<number | 'rest', { wanted: number; got: number }>([['rest', { wanted: 0, got: 0 }]]);
      const cellOf = (id: number) => {
        const wanted = (drawn.length * weights[id]!) / total;
        if (wanted >= 5 && !cells.has(id)) cells.set(id, { wanted: 0, got: 0 });
        const cell = cells.get(wanted >= 5 ? id : 'rest')!;
        return { cell, wanted };
      };
      for (let id = 0; id < model.vocabulary; id++) {
        const { cell, wanted } = cellOf(id);
        cell.wanted += wanted;
      }
      for (const id of drawn) cellOf(id).cell.got++;
      const used = [...cells.values()].filter(({ wanted }) => wanted > 0);
      const statistic = used.reduce((sum, { wanted, got }) => sum + (got - wanted) ** 2 / wanted, 0);
      const freedom = used.length - 1;
      expect(freedom).toBeGreaterThan(10);
      expect(statistic).toBeLessThan(freedom * (1 - 2 / (9 * freedom) + 3.09 * Math.sqrt(2 / (9 * freedom))) ** 3);
    }
  });

  test('end with a stop token, which counts, or at a length', async () => {
    const free = await model.generateBatch(prompts, { ...settings, n: 4, stop: [] });
    const stop = [free[0]![0]!.ids[5]!, free[1]![2]!.ids[0]!];
    const cut = await model.generateBatch(prompts, { ...settings, n: 4, stop });
    for (const [i, samples] of free.entries()) {
      for (const [k, { ids, finish }] of samples.entries()) {
        expect(finish).toBe('length');
        expect(ids).toHaveLength(23);
        const end = ids.findIndex((id) => stop.includes(id));
        expect(cut[i]![k]!.ids).toEqual(end < 0 ? ids : ids.slice(0, end + 1));
        expect(cut[i]![k]!.finish).toBe(end < 0 ? 'length' : 'stop');
      }
    }
    expect(cut[1]![2]!.ids).toHaveLength(1);
    const [scores] = await model.scoreTokens([{ prompt: prompts[0]!.ids, responses: cut[0]!.map(({ ids }) => ids) }]);
    for (const [k, { logProb }] of cut[0]!.entries()) expect(logProb).toBeCloseTo(scores![k]!.sum, 4);
  });

  test('stop at EOS by default', async () => {
    const options = { maxTokens: 40, n: 300, temperature: 3 };
    const [samples] = await model.generateBatch([prompts[1]!], options);
    const stopped = samples!.filter(({ finish }) => finish === 'stop');
    expect(stopped.length).toBeGreaterThan(5);
    for (const { ids } of stopped) expect(ids.indexOf(255)).toBe(ids.length - 1);
  });

  test('stop at every EOS that generation_config.json names', async () => {
    const folder = await tinyModel('qwen3-tiny');
    const named = { eos_token_id: [255, ...Array.from({ length: 64 }, (_, id) => id)] };
    writeFileSync(join(folder, 'generation_config.json'), JSON.stringify(named));
    using other = await loadModel(folder);
    const [samples] = await other.generateBatch([prompts[1]!], { maxTokens: 40, n: 20, temperature: 3 });
    for (const { ids, finish } of samples!) {
      expect(finish).toBe('stop');
      expect(ids.findIndex((id) => id < 64 || id === 255)).toBe(ids.length - 1);
    }
  });

  test('report how far they are, and stop when told to', async () => {
    const seen: unknown[] = [];
    const options = { maxTokens: 3, n: 2, stop: [] };
    await model.generateBatch(prompts.slice(0, 2), { ...options, onProgress: (progress) => seen.push(progress) });
    expect(seen).toEqual([
      { samples: 0, tokens: 4 },
      { samples: 0, tokens: 8 },
      { samples: 4, tokens: 12 },
    ]);
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error('enough'));
    const stopped = model.generateBatch(prompts, { ...options, onProgress, signal: controller.signal });
    await expect(stopped).rejects.toThrow('enough');
  });

  test('leave no memory behind', async () => {
    await model.generateBatch(prompts, { ...settings, n: 3 });
    const before = model.memoryStats().liveBuffers;
    await model.generateBatch(prompts, { ...settings, n: 5 });
    expect(model.memoryStats().liveBuffers).toBe(before);
  });

  test('end at the context', async () => {
    const small = await loadModel(fixtureModel('gpt2-tiny'));
    try {
      const options = { maxTokens: 100, n: 2, seed: 3 };
      const lengths = [63, 60, 1];
      const generated = await small.generateBatch(
        lengths.map((length) => ({ ids: randomIds(length, 2) })),
        options,
      );
      expect(generated.map((samples) => samples.map(({ ids, finish }) => [ids.length, finish]))).toEqual(
        [1, 4, 63].map((length) => [
          [length, 'length'],
          [length, 'length'],
        ]),
      );
      await expect(small.generate(randomIds(64, 1), options)).rejects.toThrow(
        new DataError(
          'CONTEXT_OVERFLOW',
          "prompt 0: 64 tokens leave no room for a new one in the model's context of 64",
        ),
      );
    } finally {
      small.dispose();
    }
  });

  test.each<[object, string]>([
    [{ maxTokens: 0 }, 'maxTokens: expected a whole number above 0, got number 0'],
    [{ temperature: -1 }, 'temperature: expected a finite number of at least 0, got number -1'],
    [{ topK: 1.5 }, 'topK: expected a whole number of at least 0, got number 1.5'],
    [{ topP: 0 }, 'topP: expected a number above 0 and at most 1, got number 0'],
    [{ seed: -1 }, 'seed: expected a whole number of at least 0, got number -1'],
    [{ n: 0 }, 'n: expected a whole number above 0, got number 0'],
    [{ batchTokens: 0 }, 'batchTokens: expected a whole number above 0, got number 0'],
  ])('refuse %j', async (wrong, message) => {
    const attempt = model.generateBatch(prompts, { maxTokens: 3, ...wrong });
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toBeInstanceOf(UsageError);
  });

  test.each<[number[], string]>([
    [[], 'EMPTY_PROMPT'],
    [[1, 256], 'TOKEN_OUT_OF_RANGE'],
    [[1, -1], 'TOKEN_OUT_OF_RANGE'],
  ])('refuse the prompt %j', async (ids, code) => {
    await expect(model.generate(ids, { maxTokens: 2 })).rejects.toMatchObject({ code });
  });
});

describe('samples that grow past the original context of longrope', () => {
  let model: CausalModel;
  beforeAll(async () => {
    model = await loadModel(fixtureModel('phi3-tiny-longrope'));
  });
  afterAll(() => model.dispose());

  test('have, token by token, the probabilities of running everything again, beside others that do not', async () => {
    // The original context is 32: passed at once, on the way, at the end and never.
    const prompts = [40, 28, 25, 3].map((length, i) => ({ ids: randomIds(length, i + 1), stream: i }));
    const settings = { n: 3, maxTokens: 9, seed: 2, topK: 30, stop: [11, 12, 13, 14, 15, 16] };
    const together = await model.generateBatch(prompts, settings);
    for (const [i, prompt] of prompts.entries()) {
      expect(await model.generateBatch([prompt], settings)).toEqual([together[i]]);
      for (const { ids, logProb } of together[i]!) expect(logProb).toBeCloseTo(await stepByStep(prompt.ids, ids), 4);
    }
  });

  /** Sum of the log-probabilities of `ids`, each from a pass over all that is before it. */
  async function stepByStep(prompt: readonly number[], ids: readonly number[]): Promise<number> {
    let sum = 0;
    for (const [t, id] of ids.entries()) {
      const length = prompt.length + t;
      const logits = await model.logits([...prompt, ...ids.slice(0, t)], { positions: [length - 1] });
      sum += logits[id]! - Math.log(logits.reduce((total, z) => total + Math.exp(z), 0));
    }
    return sum;
  }
});

const stories = sharedPath('fixtures/pretrained/stories260K');
describe.skipIf(!stories)('stories260K', () => {
  let model: CausalModel;
  beforeAll(async () => {
    model = await loadModel(join(stories!, 'hf'));
  });
  afterAll(() => model?.dispose());

  test('tells the recorded story', async () => {
    const { greedy_ids_from_bos: recorded } = JSON.parse(readFileSync(join(stories!, 'expected.json'), 'utf8'));
    const ids = await model.generate(recorded.slice(0, 1), { maxTokens: recorded.length - 1, temperature: 0 });
    expect(ids).toEqual(recorded.slice(1));
  });

  test('ends some stories of its own', async () => {
    // The texts that it has learnt from follow each other with BOS between them, so that is what ends one.
    const bos = model.tokenizer!.bosId!;
    const options = { n: 20, maxTokens: 400, seed: 1, temperature: 0.8, stop: [bos] };
    const [samples] = await model.generateBatch([{ ids: [bos] }], options);
    const ended = samples!.filter(({ finish }) => finish === 'stop');
    expect(ended.length).toBeGreaterThan(0);
    for (const { ids } of ended) expect(ids.indexOf(bos)).toBe(ids.length - 1);
  });
});

function mostFrequent(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
}

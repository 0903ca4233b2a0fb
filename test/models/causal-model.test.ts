import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataError, UsageError } from '../../src/errors.js';
import type { CausalModel } from '../../src/models/causal-model.js';
import { loadModel } from '../../src/models/load.js';
import type { TokenSlate } from '../../src/models/packing.js';
import type { TokenScores } from '../../src/models/score-batch.js';
import { fixtureModel, randomIds } from '../helpers/model-fixtures.js';
import { sharedPath } from '../helpers/shared.js';
import { expectClose } from '../helpers/tolerance.js';

/** Two orders of summation of one value in f32: far below what one wrong row would change. */
const sameScores = { atol: 2e-5, rtol: 0 };

function expectSameScores(scores: TokenScores[][], expected: TokenScores[][]): void {
  expect(scores.map((slate) => slate.length)).toEqual(expected.map((slate) => slate.length));
  for (const [i, slate] of expected.entries()) {
    for (const [k, score] of slate.entries()) {
      expectClose(scores[i]![k]!.logProbs, score.logProbs, sameScores, `slate ${i}, response ${k}`);
      expectClose(scores[i]![k]!.entropies!, score.entropies!, sameScores, `slate ${i}, response ${k}`);
    }
  }
}

/** Slates of all sizes: one token, many responses, equal responses, and lengths on both sides of longrope's 32. */
const slates: TokenSlate[] = [
  { prompt: randomIds(1, 1), responses: [randomIds(1, 2)] },
  { prompt: randomIds(20, 3), responses: [1, 5, 11, 12, 13, 30, 2].map((count) => randomIds(count, count)) },
  { prompt: randomIds(31, 4), responses: [randomIds(1, 5), randomIds(1, 5), randomIds(2, 6)] },
  { prompt: randomIds(40, 7), responses: [randomIds(9, 8), randomIds(3, 9)] },
];

describe.each(['gpt2-tiny', 'llama3-tiny', 'llama3-tiny-sharded', 'qwen3-tiny', 'phi3-tiny', 'phi3-tiny-longrope'])(
  '%s',
  (name) => {
    let model: CausalModel;
    let unpacked: TokenScores[][];
    beforeAll(async () => {
      model = await loadModel(fixtureModel(name), { device: 'cpu' });
      unpacked = await model.scoreTokens(slates, { entropy: true, packed: false, batchTokens: 1 });
    });
    afterAll(() => model.dispose());

    test('packed scores are those of each response alone, however batches are cut', async () => {
      for (const batchTokens of [1, 33, 64, 10_000]) {
        expectSameScores(await model.scoreTokens(slates, { entropy: true, batchTokens }), unpacked);
      }
      expectSameScores(await model.scoreTokens(slates, { entropy: true, packed: false }), unpacked);
    });

    test('scores are the log-softmax and entropy of the logits, divided by the temperature', async () => {
      const temperature = 1.3;
      const { prompt, responses } = slates[1]!;
      const scores = await model.scoreTokens([slates[1]!], { entropy: true, temperature });
      for (const [k, response] of responses.entries()) {
        const ids = [...Array.from(prompt), ...Array.from(response)];
        const positions = Array.from({ length: response.length }, (_, t) => prompt.length + t - 1);
        const logits = await model.logits(ids, { positions });
        positions.forEach((_, t) => {
          const row = Array.from(
            logits.subarray(t * model.vocabulary, (t + 1) * model.vocabulary),
            (z) => z / temperature,
          );
          const logSum = Math.log(row.reduce((sum, z) => sum + Math.exp(z), 0));
          const entropy = row.reduce((sum, z) => sum - Math.exp(z - logSum) * (z - logSum), 0);
          const score = scores[0]![k]!;
          expectClose([score.logProbs[t]!], [row[response[t]!]! - logSum], sameScores, `response ${k}, token ${t}`);
          expectClose([score.entropies![t]!], [entropy], sameScores, `response ${k}, token ${t}`);
        });
      }
    });

    test('the same call gives the same bits', async () => {
      expect(await model.scoreTokens(slates)).toEqual(await model.scoreTokens(slates));
    });

    test('logits of all positions by default', async () => {
      const ids = randomIds(5, 3);
      const all = await model.logits(ids);
      expect(all).toHaveLength(5 * model.vocabulary);
      expectClose(
        await model.logits(ids, { positions: [3, 0] }),
        [...all.subarray(3 * 256, 4 * 256), ...all.subarray(0, 256)],
        sameScores,
      );
    });
  },
);

describe('a model in use', () => {
  let model: CausalModel;
  beforeAll(async () => {
    model = await loadModel(fixtureModel('gpt2-tiny'));
  });
  afterAll(() => model.dispose());

  test('sums are accumulated in double, entropies given when asked for', async () => {
    const [[score]] = (await model.scoreTokens([{ prompt: [1], responses: [randomIds(30, 1)] }])) as [[TokenScores]];
    expect(score.entropies).toBeNull();
    expect(score.sum).toBe(Array.from(score.logProbs).reduce((a, b) => a + b, 0));
    expect(score.mean).toBe(score.sum / 30);
  });

  test('nothing to score is no scores', async () => {
    expect(await model.scoreTokens([])).toEqual([]);
  });

  test('scoring leaves no tensors behind', async () => {
    await model.scoreTokens(slates, { entropy: true });
    const before = model.memoryStats().liveBuffers;
    await model.scoreTokens(slates, { entropy: true });
    await model.scoreTokens(slates);
    await model.logits([1, 2, 3]);
    expect(model.memoryStats().liveBuffers).toBe(before);
  });

  test('wrong tokens are refused with their place before anything runs', async () => {
    const score = (prompt: number[], ...responses: number[][]) =>
      model.scoreTokens([
        { prompt: [1], responses: [[1]] },
        { prompt, responses },
      ]);
    const cases: [Promise<unknown>, string, RegExp][] = [
      [score([1]), 'EMPTY_SLATE', /slate 1/],
      [score([], [1]), 'EMPTY_PROMPT', /slate 1/],
      [score([1], [1], []), 'EMPTY_RESPONSE', /slate 1, response 1/],
      [
        score([1], [1, 256]),
        'TOKEN_OUT_OF_RANGE',
        /slate 1, response 0, token 1: expected an id from 0 to 255, got number 256/,
      ],
      [score([-1], [1]), 'TOKEN_OUT_OF_RANGE', /slate 1, prompt, token 0/],
      [score([1], [1.5]), 'TOKEN_OUT_OF_RANGE', /1\.5/],
      [score([1], [Number.NaN]), 'TOKEN_OUT_OF_RANGE', /NaN/],
      [score(randomIds(40, 1), randomIds(25, 2)), 'CONTEXT_OVERFLOW', /65 tokens.*context is 64/],
      [model.logits([]), 'EMPTY_PROMPT', /no tokens/],
      [model.logits([999]), 'TOKEN_OUT_OF_RANGE', /999/],
      [model.logits(randomIds(65, 1)), 'CONTEXT_OVERFLOW', /65/],
    ];
    for (const [promise, code, message] of cases) {
      const error = (await promise.catch((error) => error)) as DataError;
      expect(error).toBeInstanceOf(DataError);
      expect(error.code).toBe(code);
      expect(error.message).toMatch(message);
    }
    // What just fits is scored.
    await model.scoreTokens([{ prompt: randomIds(40, 1), responses: [randomIds(24, 2)] }]);
  });

  test('wrong options are refused', async () => {
    const slate = { prompt: [1], responses: [[1]] };
    for (const temperature of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(model.scoreTokens([slate], { temperature })).rejects.toBeInstanceOf(UsageError);
    }
    for (const batchTokens of [0, 1.5, -3]) {
      await expect(model.scoreTokens([slate], { batchTokens })).rejects.toBeInstanceOf(UsageError);
    }
    await expect(model.logits([1, 2], { positions: [2] })).rejects.toBeInstanceOf(UsageError);
    await expect(model.scoreTokens([slate], { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop');
  });

  test('use after dispose throws', async () => {
    const other = await loadModel(fixtureModel('gpt2-tiny'));
    other.dispose();
    other.dispose();
    await expect(other.scoreTokens([{ prompt: [1], responses: [[1]] }])).rejects.toThrow();
    await expect(other.logits([1])).rejects.toThrow();
  });
});

const stories = sharedPath('fixtures/pretrained/stories260K');
describe.skipIf(!stories)('stories260K', () => {
  const tolerance = { atol: 1e-3, rtol: 0 };
  let model: CausalModel;
  const expected = stories && JSON.parse(readFileSync(join(stories, 'expected.json'), 'utf8'));
  beforeAll(async () => {
    model = await loadModel(join(stories!, 'hf'));
  });
  afterAll(() => model?.dispose());

  test('logits of the recorded prompt, and its log-probability after BOS', async () => {
    const ids: number[] = expected.input_ids;
    const logits = await model.logits(ids, { positions: [ids.length - 1] });
    expectClose(logits.subarray(0, 8), expected.last_logits_first8, tolerance);
    expect(logits.indexOf(Math.max(...logits))).toBe(expected.last_argmax);
    const [[score]] = (await model.scoreTokens([{ prompt: ids.slice(0, 1), responses: [ids.slice(1)] }])) as [
      [TokenScores],
    ];
    expectClose([score.sum], [expected.sum_logprob_of_prompt_after_bos], tolerance);
  });

  test('repeated argmax gives the recorded tokens', async () => {
    const recorded: number[] = expected.greedy_ids_from_bos;
    const ids = recorded.slice(0, 1);
    while (ids.length < 24) {
      const logits = await model.logits(ids, { positions: [ids.length - 1] });
      ids.push(logits.indexOf(Math.max(...logits)));
    }
    expect(ids).toEqual(recorded.slice(0, 24));
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alignScores, contextChunks } from '../../src/metrics/align-score.js';
import type { TransformerEncoder } from '../../src/models/encoder.js';
import { loadEncoder } from '../../src/models/index.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyBert, tinyRoberta } from '../helpers/tiny-encoder.js';

const root = temporaryFolder();
let classifier: TransformerEncoder;
beforeAll(async () => {
  classifier = await loadEncoder(tinyRoberta(root), { device: 'cpu' });
});
afterAll(() => classifier.dispose());

/** The probability of the first class for one pair. */
async function probability(context: string, claim: string): Promise<number> {
  const { ids, types } = classifier.sequences!.pair(context, claim);
  const powers = Array.from(await classifier.classify(ids, types), Math.exp);
  return powers[0]! / powers.reduce((sum, power) => sum + power, 0);
}

test('is the largest over chunks, and the mean over sentences', async () => {
  const sentence = (name: string) => `${name} ${'w '.repeat(200)}end.`;
  const context = `${sentence('One')} ${sentence('Two')}`;
  const chunks = contextChunks(context);
  expect(chunks).toHaveLength(2);
  const claims = ['It is one.', 'It is two.'];
  const best = await Promise.all(
    claims.map(async (claim) => Math.max(...(await Promise.all(chunks.map((chunk) => probability(chunk, claim)))))),
  );
  const [score, single, none] = await alignScores(classifier, [
    { context, claim: claims.join(' ') },
    { context: 'One.', claim: 'Yes.' },
    { context, claim: ' ' },
  ]);
  expect(score).toBeCloseTo((best[0]! + best[1]!) / 2, 6);
  expect(single).toBeCloseTo(await probability('One.', 'Yes.'), 6);
  expect(none).toBeNaN();
});

describe('contexts are cut', () => {
  const text = (sentences: number, words: number) => `${'W '.repeat(words - 1)}end. `.repeat(sentences);

  // floor(words / 350) + 1 chunks are wanted, of floor(sentences / chunks) sentences each.
  test.each([
    [10, 10, [10]],
    [10, 35, [5, 5]],
    [10, 70, [3, 3, 3, 1]],
    [1, 1000, [1]],
    [0, 1, [0]],
  ])('%i sentences of %i words', (sentences, words, sizes) => {
    expect(contextChunks(text(sentences, words)).map((chunk) => chunk.split('end').length - 1)).toEqual(sizes);
  });
});

test('another model is refused', async () => {
  const encoder = await loadEncoder(tinyBert(root), { device: 'cpu' });
  await expect(alignScores(encoder, [])).rejects.toMatchObject({ code: 'ALIGN_SCORE_MODEL' });
  encoder.dispose();
});

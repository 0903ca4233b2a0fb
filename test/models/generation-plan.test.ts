import { describe, expect, test } from 'vitest';
import { planGeneration } from '../../src/models/generation-plan.js';

describe('the plan of a generation', () => {
  const lengths = [5, 1, 30, 12, 60, 63];
  const context = 64;

  test.each([1, 2, 7])('has %i samples of every prompt, in order, in batches that fit', (n) => {
    for (const maxTokens of [1, 4, 50]) {
      for (const batchTokens of [1, 40, 90, 10_000]) {
        const batches = planGeneration(lengths, { n, maxTokens, context, batchTokens });
        const samples = batches.flat().flatMap(({ prompt, first, count }) => {
          return Array.from({ length: count }, (_, i) => [prompt, first + i]);
        });
        expect(samples).toEqual(lengths.flatMap((_, prompt) => Array.from({ length: n }, (_, i) => [prompt, i])));
        for (const batch of batches) {
          const rows = batch.reduce((sum, portion) => sum + portion.rows, 0);
          expect(rows <= batchTokens || (batch.length === 1 && (batch[0]!.count === 1 || batch[0]!.limit === 1))).toBe(
            true,
          );
          for (const { prompt, count, limit, rows } of batch) {
            expect(limit).toBe(Math.min(maxTokens, context - lengths[prompt]!));
            expect(rows).toBe(lengths[prompt]! + count * (limit - 1));
          }
        }
      }
    }
  });

  test('cuts one prompt with many samples into portions', () => {
    const plan = planGeneration([10], { n: 5, maxTokens: 11, context: 100, batchTokens: 30 });
    expect(plan.map((batch) => batch.map(({ first, count, rows }) => [first, count, rows]))).toEqual([
      [[0, 2, 30]],
      [[2, 2, 30]],
      [[4, 1, 20]],
    ]);
  });
});

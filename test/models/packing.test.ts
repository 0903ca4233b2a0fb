import { describe, expect, test } from 'vitest';
import { layOut, type PlanOptions, planBatches, type TokenSlate } from '../../src/models/packing.js';
import type { RopeConfig } from '../../src/models/rope-config.js';
import fc from '../helpers/properties.js';

const options: PlanOptions = { batchTokens: 100, packed: true, rope: null };
const longrope: RopeConfig = {
  type: 'longrope',
  theta: 1,
  rotary: 2,
  shortFactor: [1],
  longFactor: [1],
  attentionFactor: 1,
  originalContext: 6,
};
const ids = (count: number, first = 0) => Array.from({ length: count }, (_, i) => first + i);
const slate = (prompt: number, ...responses: number[]): TokenSlate => ({
  prompt: ids(prompt),
  responses: responses.map((n) => ids(n, 100)),
});
const plan = (slates: TokenSlate[], changes: Partial<PlanOptions>) => planBatches(slates, { ...options, ...changes });

describe('planning', () => {
  test('slates share batches up to the budget, in order', () => {
    const batches = plan([slate(10, 11), slate(10, 11), slate(10, 11)], { batchTokens: 40 });
    expect(batches.map((batch) => batch.map((pack) => pack.slate))).toEqual([[0, 1], [2]]);
  });

  test('a slate of up to twice the budget is a batch of its own; a larger one is split, each part with the prompt', () => {
    expect(plan([slate(10, 6, 6)], { batchTokens: 10 })).toEqual([
      [{ slate: 0, responses: [0, 1], long: false, rows: 20 }],
    ]);
    expect(plan([slate(4, 4, 4, 4, 20)], { batchTokens: 10 })).toEqual([
      [{ slate: 0, responses: [0, 1], long: false, rows: 10 }],
      [{ slate: 0, responses: [2], long: false, rows: 7 }],
      [{ slate: 0, responses: [3], long: false, rows: 23 }],
    ]);
  });

  test('unpacked: every response by itself', () => {
    expect(plan([slate(3, 2, 5)], { packed: false })[0]).toEqual([
      { slate: 0, responses: [0], long: false, rows: 4 },
      { slate: 0, responses: [1], long: false, rows: 7 },
    ]);
  });

  test('longrope: short and long responses of one slate have a prompt pass each', () => {
    expect(plan([slate(4, 2, 3, 1, 9)], { rope: longrope })[0]).toEqual([
      { slate: 0, responses: [0, 2], long: false, rows: 5 },
      { slate: 0, responses: [1, 3], long: true, rows: 14 },
    ]);
  });

  const slates = fc.array(
    fc.record({
      prompt: fc.integer({ min: 1, max: 30 }),
      responses: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 }),
    }),
    { maxLength: 12 },
  );
  test('every response is scored once, whatever the slates and options; the plan is the same again', () => {
    fc.assert(
      fc.property(
        slates,
        fc.integer({ min: 1, max: 80 }),
        fc.boolean(),
        fc.constantFrom(null, longrope),
        (shapes, batchTokens, packed, rope) => {
          const input = shapes.map(({ prompt, responses }) => slate(prompt, ...responses));
          const batches = planBatches(input, { batchTokens, packed, rope });
          expect(planBatches(input, { batchTokens, packed, rope })).toEqual(batches);
          const scored = batches.flat().flatMap((pack) => pack.responses.map((k) => `${pack.slate}.${k}`));
          const expected = input.flatMap(({ responses }, i) => responses.map((_, k) => `${i}.${k}`));
          expect(scored.sort()).toEqual(expected.sort());
          for (const batch of batches) {
            const rows = batch.reduce((sum, pack) => sum + pack.rows, 0);
            expect(batch.length === 1 || rows <= batchTokens).toBe(true);
            expect(layOut(input, batch).ids.length).toBe(rows);
          }
        },
      ),
      { numRuns: 300, seed: 3 },
    );
  });
});

describe('layout', () => {
  test('positions restart after the prompt, the last token is not run, segments point at the prompt', () => {
    const slates: TokenSlate[] = [
      { prompt: [7, 8], responses: [[20, 21, 22], [30]] },
      { prompt: [9], responses: [[40, 41]] },
    ];
    const batch = layOut(slates, planBatches(slates, options)[0]!);
    expect([...batch.ids]).toEqual([7, 8, 20, 21, 9, 40]);
    expect([...batch.positions]).toEqual([0, 1, 2, 3, 0, 1]);
    expect([...batch.segments]).toEqual([0, 2, 0, 0, 2, 4, 0, 2, 4, 5, 4, 4, 5, 6, 4, 5]);
    expect([...batch.headRows]).toEqual([1, 2, 3, 1, 4, 5]);
    expect([...batch.targets]).toEqual([20, 21, 22, 30, 40, 41]);
    expect(batch.spans).toEqual([
      { slate: 0, response: 0, start: 0, count: 3 },
      { slate: 0, response: 1, start: 3, count: 1 },
      { slate: 1, response: 0, start: 4, count: 2 },
    ]);
    expect(batch.length).toBe(5);
  });

  test('long packs are marked row by row', () => {
    const slates = [slate(4, 2, 3)];
    const batch = layOut(slates, planBatches(slates, { ...options, rope: longrope })[0]!);
    expect([...batch.longRows]).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
  });
});

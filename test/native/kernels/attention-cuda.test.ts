/** Attention on a GPU, which checks segments where it reads them. More in test/native/simt. */
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/native/loader.js';
import { BF16, bf16Numbers } from '../../helpers/bf16-numbers.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';
import { referenceAddon } from '../../helpers/reference-addon.js';
import { simtAddon } from '../../helpers/simt-addon.js';
import { tolerances } from '../../helpers/tolerance.js';

const slate = (prompt: number, ...responses: number[]) => {
  const segments = [[0, prompt, 0, 0]];
  for (const length of responses) {
    const start = segments.at(-1)![1]!;
    segments.push([start, start + length, 0, prompt]);
  }
  return segments;
};

describe('attention on a GPU', () => {
  it.each([
    ['f32', 4, 2, 40],
    ['f32', 3, 1, 7],
  ])('and its gradient in %s, %i heads, %i key-value heads of %i', (_, heads, kv, head) => {
    const segments = slate(70, 33, 1, 20);
    const rows = segments.at(-1)![1]!;
    const [wide, narrow] = [rows * heads * head, rows * kv * head];
    const inputs = [randomNumbers(wide, 1, 2), randomNumbers(narrow, 2, 2), randomNumbers(narrow, 3, 2)];
    const cuts = Int32Array.from(segments.flat());
    const dims = [rows, heads, kv, head, segments.length];
    const scalars = [1 / Math.sqrt(head)];
    const call = { inputs: [...inputs, cuts], outputs: [wide, heads * rows], dims, scalars };
    checkOp('attention', call, simtAddon());
    const exact = [...inputs.map((x) => Float64Array.from(Float32Array.from(x))), cuts];
    const [out, logSumExp] = [new Float64Array(wide), new Float64Array(heads * rows)];
    referenceAddon().runSync('attention', exact, [out, logSumExp], dims, scalars);
    checkOp(
      'attention_backward',
      {
        inputs: [...inputs, [...out], randomNumbers(wide, 4), cuts, [...logSumExp]],
        outputs: [wide, narrow, narrow],
        dims,
        scalars,
        // dk and dv of a prompt are float sums over a few hundred rows and heads.
        tolerance: { atol: 3e-5, rtol: 1e-5 },
      },
      simtAddon(),
    );
  });

  it('and its gradient in bf16', () => {
    const [heads, kv, head] = [4, 2, 24];
    const segments = slate(70, 33, 1, 20);
    const rows = segments.at(-1)![1]!;
    const [wide, narrow] = [rows * heads * head, rows * kv * head];
    const matrices = [wide, narrow, narrow].map((count, i) => bf16Numbers(count, i + 1, 2));
    const cuts = Int32Array.from(segments.flat());
    const call = { dims: [rows, heads, kv, head, segments.length, BF16], scalars: [1 / Math.sqrt(head)] };
    const forward = { ...call, inputs: [...matrices, cuts], outputs: [{ bf16: wide }, heads * rows] };
    const [out, logSumExp] = checkOp('attention', forward, simtAddon()).outputs;
    checkOp(
      'attention_backward',
      {
        ...call,
        inputs: [...matrices, out!, bf16Numbers(wide, 4), cuts, [...(logSumExp as Float32Array)]],
        outputs: [wide, narrow, narrow].map((count) => ({ bf16: count })),
        // dk and dv of a prompt are sums of rounded weights over a few hundred rows and heads.
        tolerance: { atol: 3 * tolerances.bf16.atol, rtol: tolerances.bf16.rtol },
      },
      simtAddon(),
    );
  });

  it.each([
    ['a gap', 1, [0, 2, 0, 0, 3, 5, 0, 2]],
    ['an overlap', 1, [0, 3, 0, 0, 2, 5, 0, 2]],
    ['a reversed segment', 1, [0, 3, 0, 0, 3, 2, 0, 2]],
    ['missing rows', 0, [0, 4, 0, 0]],
    ['rows outside', 0, [0, 6, 0, 0]],
    ['no segment for rows', -1, []],
    ['a prefix within the segment', 1, [0, 2, 0, 0, 2, 5, 0, 3]],
    ['a negative prefix', 0, [0, 2, -1, 0, 2, 5, 0, 2]],
    ['a first and a second fault', 0, [1, 2, 0, 0, 2, 7, 0, 2]],
  ])('refuses %s as the CPU does', (_, index, numbers) => {
    const x = new Float32Array(5);
    for (const addon of [loadAddon(), simtAddon()]) {
      const run = () =>
        addon.runSync(
          'attention',
          [x, x, x, Int32Array.from(numbers)],
          [new Float32Array(5)],
          [5, 1, 1, 1, numbers.length / 4],
          [1],
        );
      expect(run).toThrowError(expect.objectContaining({ code: 'OUT_OF_RANGE', index }));
    }
  });

  it.each([['a head that is too large', [1, 1, 1, 129, 1], 'at most 128 elements, not 129']])(
    'refuses %s',
    (_, dims, message) => {
      const x = new Float32Array(129);
      const run = () => simtAddon().runSync('attention', [x, x, x, Int32Array.of(0, 1, 0, 0)], [x], dims, [1]);
      expect(run).toThrowError(
        expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining(message) }),
      );
    },
  );

  it('does not let a row see later rows, other responses or what lies in tiles between', () => {
    const segments = slate(6, 90, 150, 4);
    const rows = 250;
    const run = (key: (row: number) => number) => {
      const k = Float32Array.from({ length: rows }, (_, row) => key(row));
      const out = new Float32Array(rows);
      const q = new Float32Array(rows).fill(1);
      simtAddon().runSync('attention', [q, k, k, Int32Array.from(segments.flat())], [out], [rows, 1, 1, 1, 4], [1]);
      return out;
    };
    const before = run((row) => Math.sin(row));
    const after = run((row) => (row >= 90 && row < 240 ? 9 : Math.sin(row))); // from within the first response
    const changed = [...before.keys()].filter((row) => before[row] !== after[row]);
    expect(changed).toEqual(Array.from({ length: 246 - 90 }, (_, i) => 90 + i));
    expect(run((row) => Math.sin(row))).toEqual(before);
  });

  it('stays finite with scores in the thousands', () => {
    const out = new Float32Array(2);
    const [q, k, v] = [Float32Array.of(1e3, 1e3), Float32Array.of(1e3, -1e3), Float32Array.of(2, 3)];
    simtAddon().runSync('attention', [q, k, v, Int32Array.of(0, 2, 0, 0)], [out], [2, 1, 1, 1, 1], [1]);
    expect([...out]).toEqual([2, 2]);
  });
});

describe('attention_decode on a GPU', () => {
  // Parts of 256 keys and more; as many rows as the cache has: the way of encoders.
  it.each([
    ['of several parts', 700, [0, 600, 610, 700, 5, 9, 300, 301, 0, 0, 100, 357]],
    ['over its own rows', 3, [0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 2, 3]],
  ])('%s', (_, capacity, numbers) => {
    const [heads, kv, head] = [6, 1, 40];
    checkOp(
      'attention_decode',
      {
        inputs: [
          randomNumbers(3 * heads * head, 1, 2),
          randomNumbers(capacity * kv * head, 2, 2),
          randomNumbers(capacity * kv * head, 3, 2),
          Int32Array.from(numbers),
        ],
        outputs: [3 * heads * head],
        dims: [3, heads, kv, head, capacity],
        scalars: [1 / Math.sqrt(head)],
      },
      simtAddon(),
    );
  });

  it('gives a row the same bits in any batch', () => {
    const [heads, kv, head, capacity] = [4, 2, 24, 700];
    const cache = [2, 3].map((seed) => Float32Array.from(randomNumbers(capacity * kv * head, seed)));
    const q = Float32Array.from(randomNumbers(3 * heads * head, 1));
    const spans = Int32Array.of(0, 9, 20, 21, 0, 600, 610, 700, 3, 3, 40, 300);
    const run = (first: number, rows: number) => {
      const out = new Float32Array(rows * heads * head);
      const part = (x: Float32Array, width: number) => x.slice(first * width, (first + rows) * width);
      const inputs = [part(q, heads * head), ...cache, spans.slice(4 * first, 4 * (first + rows))];
      simtAddon().runSync('attention_decode', inputs, [out], [rows, heads, kv, head, capacity], [0.3]);
      return out;
    };
    const together = run(0, 3);
    for (const row of [0, 1, 2]) {
      expect(run(row, 1)).toEqual(together.slice(row * heads * head, (row + 1) * heads * head));
    }
  });

  it.each([
    ['rows outside of the cache', 1, [0, 2, 2, 3, 0, 5, 2, 3]],
    ['a reversed span', 0, [2, 1, 2, 3, 0, 1, 2, 3]],
    ['a row that sees nothing', 1, [0, 1, 1, 2, 3, 3, 2, 2]],
  ])('refuses %s as the CPU does', (_, index, numbers) => {
    for (const capacity of [2, 4]) {
      const [x, cache, out] = [2, capacity, 2].map((count) => new Float32Array(count));
      const spans = Int32Array.from(numbers, (at) => Math.min(at, at === 5 ? 5 : capacity));
      for (const addon of [loadAddon(), simtAddon()]) {
        const run = () =>
          addon.runSync('attention_decode', [x!, cache!, cache!, spans], [out!], [2, 1, 1, 1, capacity], [1]);
        expect(run).toThrowError(expect.objectContaining({ code: 'OUT_OF_RANGE', index }));
      }
    }
  });
});

import { describe, expect, it } from 'vitest';
import type { NativeAddon } from '../../../src/native/addon.js';
import { loadAddon } from '../../../src/native/loader.js';
import { BF16, bf16Numbers } from '../../helpers/bf16-numbers.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';
import { implementations } from '../../helpers/implementations.js';
import { simtAddon } from '../../helpers/simt-addon.js';

/** pope_dtype of native/include/pope.h */
const f16 = 1;

describe('scatter_rows', () => {
  /** [rows, width, capacity] */
  it.each([
    [0, 3, 2],
    [0, 5, 0],
    [3, 0, 3],
    [1, 1, 1],
    [7, 13, 31],
    [61, 33, 61],
  ])('%i rows of %i among %i', (rows, width, capacity) => {
    const index = Int32Array.from({ length: rows }, (_, i) => (capacity - 1 - 4 * i + 4 * capacity * rows) % capacity);
    checkOp('scatter_rows', {
      inputs: [randomNumbers(rows * width, 1), index],
      outputs: [randomNumbers(capacity * width, 2)],
      dims: [rows, width, capacity],
      tolerance: { atol: 0, rtol: 0 },
    });
  });

  it.each([f16, BF16])('rounds to 16 bits (dtype %i)', (dtype) => {
    const [rows, width, capacity] = [5, 12, 9];
    checkOp('scatter_rows', {
      inputs: [randomNumbers(rows * width, 1), Int32Array.of(8, 0, 3, 8, 1)],
      outputs: [Uint16Array.from({ length: capacity * width }, (_, i) => i)],
      dims: [rows, width, capacity, dtype],
      tolerance: { atol: 0, rtol: 0 },
    });
  });

  it.each(implementations)('lets the last of two rows with the same place win, %s', (_, addon) => {
    const places = new Float32Array(4).fill(9);
    addon().runSync('scatter_rows', [Float32Array.of(1, 2, 3), Int32Array.of(2, 0, 2)], [places], [3, 1, 4], []);
    expect(places).toEqual(Float32Array.of(2, 9, 3, 9));
  });

  const refused = (wrong: number, places: Float32Array, addon: NativeAddon) => {
    const run = () =>
      addon.runSync('scatter_rows', [Float32Array.of(1, 2), Int32Array.of(0, wrong)], [places], [2, 1, 5], []);
    expect(run).toThrowError(
      expect.objectContaining({
        code: 'OUT_OF_RANGE',
        index: 1,
        message: `scatter_rows: index ${wrong} at position 1 is outside the 5 rows of the destination`,
      }),
    );
  };

  it.each([-1, 5])('refuses index %i, naming its place', (wrong) => {
    const places = new Float32Array(5);
    refused(wrong, places, loadAddon());
    expect(places, 'the CPU writes nothing').toEqual(new Float32Array(5));
    refused(wrong, places, simtAddon());
  });
});

describe('advance', () => {
  /** Of 7 rows of which some are drawn for: goes on, stops, draws its last token, has ended, goes on. */
  const state = (first: number, count: number, tables: boolean) => ({
    inputs: [
      Int32Array.of(11, 5, 12, 13, 14).slice(0, count),
      [-1, -2, -3, -4, -5].slice(0, count),
      Int32Array.of(9, 5),
    ],
    outputs: [
      Int32Array.of(100, 101, 102, 103, 104, 105, 106),
      Int32Array.of(20, 21, 22, 23, 24, 25, 26),
      tables ? Int32Array.of(30, 31, 32, 33, 34, 35, 36) : null,
      Int32Array.of(40, 41, 42, 43, 44, 45, 46),
      Int32Array.from({ length: 28 }, (_, i) => i),
      Int32Array.from({ length: 3 * count }, (_, i) => (i % 3 === 2 ? 6 + (i % 2) : i)),
      Int32Array.of(4, 4, 5, 4, 1, 0, 2),
      new Int32Array(28).fill(-1),
      Array.from({ length: 28 }, (_, i) => i),
    ],
    dims: [first, count, 7, 2, 4],
    tolerance: { atol: 0, rtol: 0 },
  });

  it.each([
    [2, 5, true],
    [0, 3, false],
    [7, 0, true],
  ])('moves the rows from %i on, %i of them', (first, count, tables) => {
    const { outputs } = checkOp('advance', state(first, count, tables));
    if (count !== 5) return;
    const [ids, positions, tableRows, cacheRows, spans, counters, left, history, logProbs] = outputs.map((x) => [...x]);
    expect(ids).toEqual([100, 101, 11, 103, 104, 105, 14]);
    expect(left).toEqual([4, 4, 4, 0, 0, 0, 1]);
    for (const [moved, from] of [
      [positions, 20],
      [tableRows, 30],
      [cacheRows, 40],
    ] as const) {
      expect(moved).toEqual([0, 1, 3, 3, 4, 5, 7].map((i) => from + i));
    }
    expect(spans!.filter((value, i) => value !== i)).toEqual([12, 28]);
    expect(counters).toEqual([0, 1, 7, 3, 4, 7, 6, 7, 6, 9, 10, 7, 12, 13, 7]);
    // Tokens of number 6 and 7 of a history of 4.
    expect(history!.slice(14)).toEqual([-1, -1, 11, -1, 12, -1, 14, -1, -1, -1, 5, -1, -1, -1]);
    expect(logProbs![16]).toBe(-1);
  });

  it('refuses rows that are not there and a history without steps', () => {
    const run = (dims: number[]) => {
      const { inputs, outputs } = state(0, 3, true);
      const typed = [...inputs, ...outputs].map((x) => (Array.isArray(x) ? Float32Array.from(x) : x));
      loadAddon().runSync('advance', typed.slice(0, 3), typed.slice(3), dims, []);
    };
    expect(() => run([5, 3, 7, 2, 4])).toThrow('rows 5 to 8 are not among 7');
    expect(() => run([0, 3, 7, 2, 0])).toThrow('at least one step');
  });
});

/** Spans of all kinds in a cache of 200 rows: shared, overlapping, without prefix, without own rows, whole. */
const spans = [
  [0, 37, 50, 51],
  [0, 37, 60, 97],
  [5, 5, 7, 8],
  [10, 140, 200, 200],
  [0, 0, 0, 200],
  [190, 200, 0, 190],
];

const shapes = [
  { heads: 1, kv: 1, head: 1 },
  { heads: 4, kv: 2, head: 16 },
  { heads: 3, kv: 3, head: 7 },
  { heads: 6, kv: 1, head: 33 },
  { heads: 2, kv: 2, head: 64 },
];

describe.each(shapes)('attention_decode, $heads heads, $kv key-value heads of $head', ({ heads, kv, head }) => {
  it.each([0, 1, spans.length])('of %i rows', (rows) => {
    checkOp('attention_decode', {
      inputs: [
        randomNumbers(rows * heads * head, 1, 2),
        randomNumbers(200 * kv * head, 2, 2),
        randomNumbers(200 * kv * head, 3, 2),
        Int32Array.from(spans.slice(0, rows).flat()),
      ],
      outputs: [rows * heads * head],
      dims: [rows, heads, kv, head, 200],
      scalars: [1 / Math.sqrt(head)],
    });
  });

  // What is kept is rounded; what is computed with it is not, so the tolerance is that of f32.
  it.each(implementations)('over a cache of bf16, %s', (_, addon) => {
    checkOp(
      'attention_decode',
      {
        inputs: [
          randomNumbers(spans.length * heads * head, 1, 2),
          bf16Numbers(200 * kv * head, 2, 2),
          bf16Numbers(200 * kv * head, 3, 2),
          Int32Array.from(spans.flat()),
        ],
        outputs: [spans.length * heads * head],
        dims: [spans.length, heads, kv, head, 200, BF16],
        scalars: [1 / Math.sqrt(head)],
      },
      addon(),
    );
  });
});

// With a query for every row of the cache a GPU takes the way of encoders: tile by tile.
it('attention_decode counts a row of the cache that lies in both ranges twice, in every tile', () => {
  const rows = 200;
  const kinds = [
    [0, 3, 0, 2],
    [0, 200, 0, 200],
    [0, 100, 50, 200],
    [64, 128, 64, 128],
    [0, 70, 69, 70],
    [100, 101, 3, 190],
  ];
  const [heads, kv, head] = [2, 1, 8];
  checkOp('attention_decode', {
    inputs: [
      randomNumbers(rows * heads * head, 1, 2),
      randomNumbers(rows * kv * head, 2, 2),
      randomNumbers(rows * kv * head, 3, 2),
      Int32Array.from(Array.from({ length: rows }, (_, row) => kinds[row % kinds.length]!).flat()),
    ],
    outputs: [rows * heads * head],
    dims: [rows, heads, kv, head, rows],
    scalars: [0.4],
  });
});

describe('attention_decode', () => {
  const decode = (rowSpans: number[][], [heads, kv, head, scale]: number[] = [4, 2, 8, 0.3], cache = 200) => {
    const rows = rowSpans.length;
    const q = Float32Array.from(randomNumbers(spans.length * heads! * head!, 1)).subarray(0, rows * heads! * head!);
    const [keys, values] = [2, 3].map((seed) => Float32Array.from(randomNumbers(cache * kv! * head!, seed)));
    const out = new Float32Array(q.length);
    const inputs = [q, keys!, values!, Int32Array.from(rowSpans.flat())];
    loadAddon().runSync('attention_decode', inputs, [out], [rows, heads!, kv!, head!, cache], [scale!]);
    return out;
  };

  it('gives a row the same bits whatever the other rows are', () => {
    const all = decode(spans);
    expect(decode(spans.slice(0, 2))).toEqual(all.subarray(0, 64));
  });

  it('is the last row of attention over the same keys', () => {
    const [heads, kv, head, rows] = [4, 2, 8, 23];
    const q = Float32Array.from(randomNumbers(rows * heads * head, 4));
    const [k, v] = [5, 6].map((seed) => Float32Array.from(randomNumbers(rows * kv * head, seed)));
    const whole = new Float32Array(q.length);
    const causal = [q, k!, v!, Int32Array.of(0, rows, 0, 0)];
    loadAddon().runSync('attention', causal, [whole], [rows, heads, kv, head, 1], [0.3]);
    const last = new Float32Array(heads * head);
    const newest = [q.subarray((rows - 1) * heads * head), k!, v!, Int32Array.of(0, 9, 9, rows)];
    loadAddon().runSync('attention_decode', newest, [last], [1, heads, kv, head, rows], [0.3]);
    last.forEach((value, i) => {
      expect(value).toBeCloseTo(whole[(rows - 1) * heads * head + i]!, 6);
    });
  });

  it.each<[number[], string]>([
    [[0, 201, 0, 1], 'sees the rows 0 to 201 and 0 to 1 of a cache of 200'],
    [[0, 1, -1, 4], 'sees the rows 0 to 1 and -1 to 4 of a cache of 200'],
    [[5, 4, 0, 1], 'sees the rows 5 to 4 and 0 to 1 of a cache of 200'],
    [[3, 3, 7, 7], 'sees no row of the cache'],
  ])('refuses spans %j, naming the row', (wrong, message) => {
    expect(() => decode([[0, 1, 0, 0], wrong])).toThrowError(
      expect.objectContaining({ code: 'OUT_OF_RANGE', message: `attention_decode: row 1 ${message}` }),
    );
  });

  it('leaves a cache of f16 to a GPU', () => {
    const [x, cache] = [new Float32Array(1), new Uint16Array(1)];
    const run = () =>
      loadAddon().runSync(
        'attention_decode',
        [x, cache, cache, Int32Array.of(0, 0, 0, 1)],
        [x],
        [1, 1, 1, 1, 1, f16],
        [1],
      );
    expect(run).toThrowError(expect.objectContaining({ code: 'UNSUPPORTED' }));
  });

  it('refuses heads that cannot share and a scale that is not positive', () => {
    expect(() => decode([], [3, 2, 8, 1])).toThrow('3 query heads cannot share 2 key-value heads evenly');
    expect(() => decode([], [4, 2, 8, 0])).toThrow('scale must be positive and finite');
  });
});

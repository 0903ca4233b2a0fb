import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/native/loader.js';
import { BF16, bf16Numbers } from '../../helpers/bf16-numbers.js';
import { bf16Values, checkOp, randomNumbers } from '../../helpers/check-op.js';
import { expectClose } from '../../helpers/tolerance.js';

interface Shape {
  heads: number;
  kv: number;
  head: number;
}

/** A slate as one packed sequence: [prompt | response 1 | .. | response K]. */
function packed(prompt: number, ...responses: number[]): number[][] {
  const segments = [[0, prompt, 0, 0]];
  for (const length of responses) {
    const start = segments.at(-1)![1]!;
    segments.push([start, start + length, 0, prompt]);
  }
  return segments;
}

const segmentations: [string, number[][]][] = [
  ['nothing', []],
  ['one row', [[0, 1, 0, 0]]],
  ['a causal sequence longer than a block', [[0, 151, 0, 0]]],
  ['an empty prompt and an empty response', packed(0, 3, 0, 2)],
  ['a slate', packed(37, 1, 13, 24, 5)],
  ['a slate with a long response', packed(29, 140, 3)],
  ['two slates', [...packed(10, 4, 3), [17, 30, 0, 0], [30, 34, 17, 30]]],
  [
    'a prefix that is a part of a segment',
    [
      [0, 40, 0, 0],
      [40, 53, 7, 33],
    ],
  ],
];

const shapes: Shape[] = [
  { heads: 1, kv: 1, head: 1 },
  { heads: 4, kv: 2, head: 16 },
  { heads: 3, kv: 3, head: 7 },
  { heads: 6, kv: 1, head: 33 },
  { heads: 2, kv: 2, head: 64 },
];

describe.each(shapes)('attention, $heads heads, $kv key-value heads of $head', ({ heads, kv, head }) => {
  it.each(segmentations)('over %s', (_, segments) => {
    const rows = segments.at(-1)?.[1] ?? 0;
    const inputs = [
      randomNumbers(rows * heads * head, 1, 2),
      randomNumbers(rows * kv * head, 2, 2),
      randomNumbers(rows * kv * head, 3, 2),
      Int32Array.from(segments.flat()),
    ];
    checkOp('attention', {
      inputs,
      outputs: [rows * heads * head, heads * rows],
      dims: [rows, heads, kv, head, segments.length],
      scalars: [1 / Math.sqrt(head)],
    });
  });

  it.each(segmentations)('of bf16 over %s', (_, segments) => {
    const rows = segments.at(-1)?.[1] ?? 0;
    checkOp(
      'attention',
      {
        inputs: [...rounded(rows, { heads, kv, head }), Int32Array.from(segments.flat())],
        outputs: [{ bf16: rows * heads * head }, heads * rows],
        dims: [rows, heads, kv, head, segments.length, BF16],
        scalars: [1 / Math.sqrt(head)],
      },
      loadAddon(),
    );
  });
});

/** q, k and v of bf16. */
function rounded(rows: number, { heads, kv, head }: Shape) {
  return [
    bf16Numbers(rows * heads * head, 1, 2),
    bf16Numbers(rows * kv * head, 2, 2),
    bf16Numbers(rows * kv * head, 3, 2),
  ] as const;
}

function attend<T extends Float32Array | Uint16Array>(q: T, k: T, v: T, segments: number[][], shape: Shape): T {
  const { heads, kv, head } = shape;
  const out = new (q.constructor as new (size: number) => T)(q.length);
  const dtype = q instanceof Uint16Array ? BF16 : 0;
  const dims = [q.length / heads / head, heads, kv, head, segments.length, dtype];
  loadAddon().runSync('attention', [q, k, v, Int32Array.from(segments.flat())], [out], dims, [0.3]);
  return out;
}

describe('attention', () => {
  it.each(['f32', 'bf16'])('gives a packed slate of %s the bits of its unpacked responses', (dtype) => {
    const shape = { heads: 4, kv: 2, head: 24 };
    const prompt = 45;
    const lengths = [3, 17, 1, 130];
    const segments = packed(prompt, ...lengths);
    const rows = segments.at(-1)![1]!;
    const wide = shape.heads * shape.head;
    const narrow = shape.kv * shape.head;
    const numbers = (count: number, seed: number) =>
      dtype === 'bf16' ? bf16Numbers(count, seed) : Float32Array.from(randomNumbers(count, seed));
    const [q, k, v] = [numbers(rows * wide, 1), numbers(rows * narrow, 2), numbers(rows * narrow, 3)];
    const together = attend(q, k, v, segments, shape);
    for (const [start, end] of segments.slice(1) as [number, number][]) {
      const alone = (x: Float32Array | Uint16Array, width: number) =>
        x.filter((_, i) => i < prompt * width || (i >= start * width && i < end * width));
      const length = prompt + end - start;
      const out = attend(alone(q, wide), alone(k, narrow), alone(v, narrow), [[0, length, 0, 0]], shape);
      expect(out.subarray(prompt * wide)).toEqual(together.subarray(start * wide, end * wide));
      expect(out.subarray(0, prompt * wide)).toEqual(together.subarray(0, prompt * wide));
    }
  });

  it('of bf16 rounds its result and nothing on the way', () => {
    const shape = { heads: 4, kv: 2, head: 40 };
    const segments = packed(70, 33, 1, 20);
    const matrices = rounded(124, shape);
    const [q, k, v] = matrices.map(bf16Values);
    const exact = attend(q!, k!, v!, segments, shape);
    // Half a step, of which there are 2^8 below a power of two.
    const tolerance = { atol: 1e-6, rtol: 1.01 * 2 ** -8 };
    expectClose(bf16Values(attend(...matrices, segments, shape)), exact, tolerance);
  });

  it('does not let a row see later rows or other responses', () => {
    const shape = { heads: 1, kv: 1, head: 5 };
    const segments = packed(6, 4, 4);
    const [q, k, v] = [1, 2, 3].map((seed) => Float32Array.from(randomNumbers(14 * 5, seed)));
    const before = attend(q!, k!, v!, segments, shape);
    k!.fill(9, 8 * 5, 10 * 5); // rows 8 and 9 of the first response
    v!.fill(9, 8 * 5, 10 * 5);
    const after = attend(q!, k!, v!, segments, shape);
    const changed = (row: number) => after.slice(row * 5, row * 5 + 5).some((x, d) => x !== before[row * 5 + d]);
    expect([...Array(14).keys()].filter(changed)).toEqual([8, 9]);
  });

  it('stays finite with scores in the thousands', () => {
    const shape = { heads: 1, kv: 1, head: 1 };
    const out = attend(
      Float32Array.of(1e3, 1e3),
      Float32Array.of(1e3, -1e3),
      Float32Array.of(2, 3),
      [[0, 2, 0, 0]],
      shape,
    );
    expect([...out]).toEqual([2, 2]);
  });

  it.each([
    [
      'a gap',
      [
        [0, 2, 0, 0],
        [3, 5, 0, 2],
      ],
      'segment 1 must start at row 2',
    ],
    [
      'an overlap',
      [
        [0, 3, 0, 0],
        [2, 5, 0, 2],
      ],
      'segment 1 must start at row 3',
    ],
    [
      'a reversed segment',
      [
        [0, 3, 0, 0],
        [3, 2, 0, 2],
      ],
      'not end before it',
    ],
    ['missing rows', [[0, 4, 0, 0]], 'ends at row 4 of 5'],
    ['rows outside', [[0, 6, 0, 0]], 'ends at row 6 of 5'],
    ['no segment for rows', [], 'ends at row 0 of 5'],
    [
      'a prefix within the segment',
      [
        [0, 2, 0, 0],
        [2, 5, 0, 3],
      ],
      'segment 1 has a prefix that does not lie before it',
    ],
    [
      'a negative prefix',
      [
        [0, 2, -1, 0],
        [2, 5, 0, 2],
      ],
      'segment 0 has a prefix',
    ],
    [
      'a reversed prefix',
      [
        [0, 2, 0, 0],
        [2, 5, 2, 1],
      ],
      'segment 1 has a prefix',
    ],
  ])('refuses %s', (_, segments, message) => {
    const x = new Float32Array(5);
    expect(() => attend(x, x, x, segments, { heads: 1, kv: 1, head: 1 })).toThrowError(
      expect.objectContaining({ code: 'OUT_OF_RANGE', message: expect.stringContaining(message) }),
    );
  });

  it.each([
    ['heads that do not divide', [1, 3, 2, 2, 1], [1], 'SHAPE'],
    ['no key-value heads', [1, 3, 0, 2, 1], [1], 'SHAPE'],
    ['a scale of 0', [1, 2, 1, 3, 1], [0], 'INVALID_ARGUMENT'],
    ['a wrong count of values', [1, 2, 1, 3, 1], [1], 'SHAPE'],
  ])('refuses %s', (_, dims, scalars, code) => {
    const run = () =>
      loadAddon().runSync(
        'attention',
        [new Float32Array(6), new Float32Array(3), new Float32Array(4), Int32Array.of(0, 1, 0, 0)],
        [new Float32Array(6)],
        dims,
        scalars,
      );
    expect(run).toThrowError(expect.objectContaining({ code }));
  });
});

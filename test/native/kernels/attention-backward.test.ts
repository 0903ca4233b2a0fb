import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/native/loader.js';
import { BF16, bf16Numbers } from '../../helpers/bf16-numbers.js';
import { checkGradient } from '../../helpers/check-gradient.js';
import { bf16Values, checkOp, randomNumbers } from '../../helpers/check-op.js';
import { referenceAddon } from '../../helpers/reference-addon.js';
import { expectClose, tolerances } from '../../helpers/tolerance.js';

interface Shape {
  heads: number;
  kv: number;
  head: number;
}

/** A slate as one packed sequence from row `first`: [prompt | response 1 | .. | response K]. */
function slate(first: number, prompt: number, ...responses: number[]): number[][] {
  const segments = [[first, first + prompt, 0, 0]];
  for (const length of responses) {
    const start = segments.at(-1)![1]!;
    segments.push([start, start + length, first, first + prompt]);
  }
  return segments;
}

const rowsOf = (segments: number[][]) => segments.at(-1)?.[1] ?? 0;

const segmentations: [string, number[][]][] = [
  ['nothing', []],
  ['one row', [[0, 1, 0, 0]]],
  ['a causal sequence longer than a block', slate(0, 151)],
  ['an empty prompt and an empty response', slate(0, 0, 3, 0, 2)],
  ['a slate', slate(0, 37, 1, 13, 24, 5)],
  ['a slate with a long response', slate(0, 29, 140, 3)],
  ['two slates', [...slate(0, 10, 4, 3), ...slate(17, 13, 4)]],
  [
    'a prefix that is a part of a segment, and one over two segments',
    [
      [0, 40, 0, 0],
      [40, 53, 7, 33],
      [53, 60, 30, 47],
    ],
  ],
];

const shapes: Shape[] = [
  { heads: 1, kv: 1, head: 1 },
  { heads: 4, kv: 2, head: 16 },
  { heads: 3, kv: 3, head: 7 },
  { heads: 6, kv: 1, head: 33 },
];

function problem(segments: number[][], { heads, kv, head }: Shape) {
  const rows = rowsOf(segments);
  const [wide, narrow] = [rows * heads * head, rows * kv * head];
  const [q, k, v] = [randomNumbers(wide, 1, 2), randomNumbers(narrow, 2, 2), randomNumbers(narrow, 3, 2)];
  return {
    q,
    k,
    v,
    dout: randomNumbers(wide, 4),
    cuts: Int32Array.from(segments.flat()),
    sizes: [wide, narrow, narrow],
    dims: [rows, heads, kv, head, segments.length],
    scalars: [1 / Math.sqrt(head)],
  };
}

describe.each(shapes)('attention_backward, $heads heads, $kv key-value heads of $head', (shape) => {
  it.each(segmentations)('over %s', (_, segments) => {
    const { q, k, v, dout, cuts, sizes, dims, scalars } = problem(segments, shape);
    const [out, logSumExp] = [new Float64Array(sizes[0]!), new Float64Array(shape.heads * dims[0]!)];
    const exact = [q, k, v].map((x) => Float64Array.from(Float32Array.from(x)));
    referenceAddon().runSync('attention', [...exact, cuts], [out, logSumExp], dims, scalars);
    checkOp('attention_backward', {
      inputs: [q, k, v, [...out], dout, cuts, [...logSumExp]],
      outputs: sizes,
      dims,
      scalars,
      // dk and dv of a prompt are float sums over a few hundred rows and heads.
      tolerance: { atol: 3e-5, rtol: 1e-5 },
    });
  });

  it.each(segmentations)('of bf16 over %s', (_, segments) => {
    const { inputs, sizes, dims, scalars } = roundedProblem(segments, shape);
    const outputs = sizes.map((size) => ({ bf16: size }));
    checkOp('attention_backward', { inputs, outputs, dims, scalars }, loadAddon());
  });
});

/** The same of bf16, with what the reference's forward gives of it. */
function roundedProblem(segments: number[][], shape: Shape) {
  const { cuts, sizes, dims: floatDims, scalars } = problem(segments, shape);
  const [wide, narrow] = sizes as [number, number, number];
  const dims = [...floatDims, BF16];
  const matrices = [bf16Numbers(wide, 1, 2), bf16Numbers(narrow, 2, 2), bf16Numbers(narrow, 3, 2)] as const;
  const [out, logSumExp] = [new Uint16Array(wide), new Float64Array(shape.heads * dims[0]!)];
  referenceAddon().runSync('attention', [...matrices, cuts], [out, logSumExp], dims, scalars);
  return { inputs: [...matrices, out, bf16Numbers(wide, 4), cuts], sizes, dims, scalars };
}

describe('attention_backward', () => {
  it.each([
    ['a slate', slate(0, 3, 2, 0, 3), { heads: 4, kv: 2, head: 3 }],
    ['two slates', [...slate(0, 2, 1), ...slate(3, 1, 2)], { heads: 2, kv: 2, head: 2 }],
  ] as [string, number[][], Shape][])('is the derivative of attention over %s', (_, segments, shape) => {
    const { q, k, v, cuts, sizes, dims, scalars } = problem(segments, shape);
    checkGradient({
      forward: { op: 'attention', inputs: [q, k, v, cuts], outputs: [sizes[0]!], dims, scalars },
      backward: {
        op: 'attention_backward',
        inputs: ([q, k, v, cuts], [out], [dout]) => [q!, k!, v!, out!, dout!, cuts!],
        gradients: [0, 1, 2],
      },
    });
  });

  const run = (segments: number[][], shape: Shape, change = (_: { k: Float32Array; dout: Float32Array }) => {}) => {
    const { q, k, v, dout, cuts, sizes, dims, scalars } = problem(segments, shape);
    const [query, key, value, gradient] = [q, k, v, dout].map((x) => Float32Array.from(x));
    change({ k: key!, dout: gradient! });
    const out = new Float32Array(sizes[0]!);
    loadAddon().runSync('attention', [query!, key!, value!, cuts], [out], dims, scalars);
    const gradients = sizes.map((size) => new Float32Array(size));
    const inputs = [query!, key!, value!, out, gradient!, cuts];
    loadAddon().runSync('attention_backward', inputs, gradients, dims, scalars);
    return gradients as [Float32Array, Float32Array, Float32Array];
  };

  it('of bf16 rounds its results and nothing on the way', () => {
    const { inputs, sizes, dims, scalars } = roundedProblem(slate(0, 70, 33, 1, 20), { heads: 4, kv: 2, head: 40 });
    const rounded = sizes.map((size) => new Uint16Array(size));
    loadAddon().runSync('attention_backward', inputs, rounded, dims, scalars);
    const exact = sizes.map((size) => new Float32Array(size));
    const widened = inputs.map((input) => (input instanceof Uint16Array ? bf16Values(input) : input));
    loadAddon().runSync('attention_backward', widened, exact, dims.slice(0, -1), scalars);
    // Half a step, of which there are 2^8 below a power of two.
    const tolerance = { atol: 1e-5, rtol: 1.01 * 2 ** -8 };
    for (const [i, gradient] of rounded.entries()) expectClose(bf16Values(gradient), exact[i]!, tolerance);
  });

  it('gives a prompt the sum of what its responses give it alone', () => {
    const shape = { heads: 4, kv: 2, head: 8 };
    const narrow = shape.kv * shape.head;
    const [prompt, lengths] = [21, [5, 70, 1]];
    const segments = slate(0, prompt, ...lengths);
    const together = run(segments, shape, ({ dout }) => dout.fill(0, 0, prompt * shape.heads * shape.head));
    // The gradient of one response at a time: the other rows of dout are 0.
    const sum = new Float64Array(prompt * narrow);
    for (const [start, end] of segments.slice(1) as [number, number][]) {
      const wide = shape.heads * shape.head;
      const [, dk] = run(segments, shape, ({ dout }) => dout.fill(0, 0, start * wide).fill(0, end * wide));
      sum.forEach((_, i) => {
        sum[i] = sum[i]! + dk[i]!;
      });
    }
    expectClose(together[1].subarray(0, prompt * narrow), sum, tolerances.f32);
  });

  it('does not let one slate touch the bits of another', () => {
    const shape = { heads: 2, kv: 1, head: 4 };
    const segments = [...slate(0, 6, 4, 3), ...slate(13, 5, 2)];
    const before = run(segments, shape);
    const after = run(segments, shape, ({ k, dout }) => {
      k.fill(9, 13 * 4);
      dout.fill(Number.NaN, 13 * 8);
    });
    for (const [i, width] of [8, 4, 4].entries()) {
      expect(after[i]!.subarray(0, 13 * width)).toEqual(before[i]!.subarray(0, 13 * width));
      expect(after[i]!.subarray(13 * width).every(Number.isNaN)).toBe(true);
    }
  });

  it.each([
    ['heads that do not divide', [1, 3, 2, 2, 1], [1], 'SHAPE'],
    ['a scale of 0', [1, 2, 1, 3, 1], [0], 'INVALID_ARGUMENT'],
    ['a wrong count of keys', [1, 2, 2, 3, 1], [1], 'SHAPE'],
  ])('refuses %s', (_, dims, scalars, code) => {
    const six = () => new Float32Array(6);
    const three = () => new Float32Array(3);
    const inputs = [six(), three(), three(), six(), six(), Int32Array.of(0, 1, 0, 0)];
    expect(() =>
      loadAddon().runSync('attention_backward', inputs, [six(), three(), three()], dims, scalars),
    ).toThrowError(expect.objectContaining({ code }));
  });

  it('refuses segments that do not cut the rows', () => {
    expect(() => run([[1, 2, 0, 0]], { heads: 1, kv: 1, head: 1 })).toThrowError(
      expect.objectContaining({
        code: 'OUT_OF_RANGE',
        message: expect.stringContaining('segment 0 must start at row 0'),
      }),
    );
  });
});

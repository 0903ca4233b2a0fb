/**
 * The kernels for GPUs of the policy ops, in all dtypes of logits, against the double reference; checkOp runs the other
 * ops' in their own tests. Arrays lie off every boundary between guards, so that wide loads have to find their own.
 * test/native/simt goes deeper, with sanitizers.
 */
import { describe, expect, it } from 'vitest';
import type { HostArray } from '../../../src/native/addon.js';
import { HOST_OPS } from '../../../src/native/cuda.js';
import { loadAddon } from '../../../src/native/loader.js';
import { checkOp, type OpCase, randomNumbers } from '../../helpers/check-op.js';
import { referenceAddon } from '../../helpers/reference-addon.js';
import { simtAddon } from '../../helpers/simt-addon.js';
import { randomLog } from '../../helpers/slate-log.js';
import { tolerances } from '../../helpers/tolerance.js';

const check = (op: string, call: OpCase) => checkOp(op, call, simtAddon());
const [f32, f16, bf16] = [0, 1, 2];
const f64 = (size: number): [Float64ArrayConstructor, number] => [Float64Array, size];

const targetsFor = (rows: number, vocab: number) =>
  Int32Array.from({ length: rows }, (_, row) => (row * 31 + vocab - 1) % vocab);

/** Finite patterns of moderate size. */
function randomLogits(count: number, dtype: number): Float32Array | Uint16Array {
  const values = Float32Array.from(randomNumbers(count, 7, 8));
  if (dtype === f32) return values;
  return Uint16Array.from(new Uint32Array(values.buffer), (word) =>
    dtype === bf16 ? word >>> 16 : ((word >>> 16) & 0x8000) | (((word & 0x7fffffff) >>> 13) - (112 << 10)),
  );
}

it('there is a kernel for every op that queues run', () => {
  const { ops } = simtAddon().info();
  expect(simtAddon().probeCuda(false)!.ops).toEqual(ops.filter((op) => !HOST_OPS.includes(op)));
});

it.each([0, 1, 31, 256, 257, 5003])('cast of %i numbers', (count) => {
  const bits = Uint16Array.from({ length: count }, (_, i) => (i * 40503) & 0xffff);
  for (const dtype of [f16, bf16]) check('cast', { inputs: [bits], outputs: [count], dims: [count, dtype!] });
});

describe.each([
  ['f32', f32!],
  ['f16', f16!],
  ['bf16', bf16!],
])('logits in %s', (_, dtype) => {
  it.each([
    [0, 5],
    [1, 1],
    [3, 61],
    [2, 1023],
    [5, 1025],
    [2, 5003],
  ])('token_logprobs and its gradient, %i rows, vocabulary %i', (rows, vocab) => {
    const logits = randomLogits(rows * vocab, dtype);
    const targets = targetsFor(rows, vocab);
    const row: [Float32ArrayConstructor, number] = [Float32Array, rows];
    check('token_logprobs', { inputs: [logits, targets], outputs: [row, row, row], dims: [rows, vocab, dtype] });
    const kind = dtype === f32 ? Float32Array : Uint16Array;
    const g = Float32Array.from(randomNumbers(rows, 5, 2));
    for (const h of [null, Float32Array.from(randomNumbers(rows, 6, 2))]) {
      check('token_logprobs_grad', {
        inputs: [logits, targets, g, h],
        outputs: [[kind, rows * vocab]],
        dims: [rows, vocab, dtype],
        // A 16-bit result is compared by its bits: rounding the float differs from rounding the double by one pattern.
        ...(dtype !== f32 && { tolerance: { atol: 1, rtol: 0 } }),
      });
    }
  });
});

it.each([
  [0, 4, 5],
  [1, 1, 1],
  [3, 7, 131],
  [67, 16, 257],
])('fused_head and its gradient, %i rows, width %i, vocabulary %i', (rows, width, vocab) => {
  const hidden = Float32Array.from(randomNumbers(rows * width, 1));
  const weight = Float32Array.from(randomNumbers(vocab * width, 2));
  const targets = targetsFor(rows, vocab);
  const dims = [rows, width, vocab];
  const scalars = [1 / 1.3];
  check('fused_head', { inputs: [hidden, weight, targets].map(list), outputs: [rows, rows, rows], dims, scalars });
  const [logProbs, entropies, logSumExp] = [0, 0, 0].map(() => new Float64Array(rows));
  const exact = [Float64Array.from(hidden), Float64Array.from(weight), targets];
  referenceAddon().runSync('fused_head', exact, [logProbs!, entropies!, logSumExp!], dims, scalars);
  const state = [[...logSumExp!], [...entropies!], randomNumbers(rows, 3), randomNumbers(rows, 5)];
  check('fused_head_backward', {
    inputs: [...[hidden, weight, targets].map(list), ...state],
    outputs: [rows * width, randomNumbers(vocab * width, 4)],
    dims,
    scalars,
    // Float sums over the vocabulary and over the rows.
    tolerance: { atol: 3e-5, rtol: 1e-5 },
  });
});

/** Numbers for the op's float type, as they are for integers. */
function list(array: Float32Array | Int32Array): number[] | HostArray {
  return array instanceof Float32Array ? [...array] : array;
}

it.each([[[]], [[0]], [[1]], [[0, 3, 0, 1]], [Array.from({ length: 200 }, (_, i) => i % 7)]])(
  'sequence_reduce of lengths %#',
  (lengths) => {
    const offsets = BigInt64Array.from([0n, ...lengths.map(BigInt)]);
    for (let i = 1; i < offsets.length; i++) offsets[i]! += offsets[i - 1]!;
    const values = Float32Array.from(randomNumbers(Number(offsets.at(-1)), 5, 100));
    const outputs = [f64(lengths.length), f64(lengths.length)];
    check('sequence_reduce', { inputs: [values, offsets], outputs, dims: [lengths.length], tolerance: tolerances.f64 });
  },
);

describe.each([[[1]], [[3, 1, 5, 2]], [Array.from({ length: 150 }, (_, i) => 1 + (i % 5))]])('slates %#', (sizes) => {
  const log = randomLog({ sizes, seed: 3, entropy: true, queryWeight: true });
  const responses = log.logProb.length;
  const slates = sizes.length;
  const parameters = [0, 1.3, 0.4, 2.5, 0.3];

  it.each([0, 1, 2, 3, 4])('weights with transform %i', (transform) => {
    for (const level of [0, 1, 2]) {
      const count = f64(level === 0 ? responses : slates);
      check('weights', {
        inputs: [log.logProb, log.loggingLogProb, log.slateOffsets],
        outputs: [count, count, count],
        dims: [slates, level, transform],
        scalars: [parameters[transform]!],
        tolerance: { atol: 1e-300, rtol: 1e-11 },
      });
    }
  });

  it.each([0, 1, 2])('objective of estimator %i', (estimator) => {
    const inputs = [log.logProb, log.loggingLogProb, log.reward, log.entropy!, log.slateOffsets, log.queryWeight!];
    for (const form of [0, 1, 2]) {
      const dims = [slates, estimator, form, 1, 0];
      const call = { inputs, scalars: [1.5, 0.7, 1.3], tolerance: { atol: 1e-13, rtol: 1e-11 } };
      const outputs = [f64(slates), f64(slates), f64(slates), f64(responses), f64(3)];
      check('slate_value', { ...call, outputs, dims });
      check('slate_coefficients', {
        ...call,
        outputs: [f64(responses), f64(responses)],
        dims: [...dims, 0],
        scalars: [...call.scalars, 0.4],
      });
    }
  });
});

describe.each([
  ['f16', f16!],
  ['bf16', bf16!],
])('products of %s', (_, dtype) => {
  it.each([
    [1, 1, 1],
    [3, 5, 9],
    [67, 130, 40],
  ])('matmul and the gradient of its weight, [%i, %i], k = %i', (m, n, k) => {
    const [a, b, dy] = [m * k, n * k, m * n].map((count) => randomLogits(count, dtype));
    // Products of numbers up to 8, exact; a float sum of k (or m) of them errs by units in the last place of 64 k.
    const tolerance = { atol: 64 * Math.max(k, m) * 2 ** -22, rtol: 1e-5 };
    for (const transposed of [0, 1]) {
      const dims = [m, n, k, transposed, dtype];
      check('matmul', { inputs: [a!, b!, randomNumbers(n, 3)], outputs: [m * n], dims, tolerance });
      const outputs = [randomNumbers(n * k, 4)];
      check('matmul_weight_gradient', { inputs: [dy!, a!], outputs, dims, tolerance });
    }
  });
});

describe('what only the kernels see is refused as on the CPU', () => {
  const float = (...values: number[]) => Float32Array.from(values);
  const double = (...values: number[]) => Float64Array.from(values);
  const offsets = Int32Array.of(0, 1, 2);
  it.each<[string, string, HostArray[], HostArray[], number[], number[]]>([
    ['a token', 'token_logprobs', [float(0, 0, 0, 0), Int32Array.of(1, 2)], [float(0, 0)], [2, 2, 0], []],
    [
      'a token',
      'fused_head',
      [float(1, 1), float(1, 1), Int32Array.of(0, -1)],
      [float(0, 0), float(0, 0), float(0, 0)],
      [2, 1, 2],
      [1],
    ],
    [
      'a number',
      'weights',
      [double(0, Number.NaN), double(0, 0), offsets],
      [double(0, 0), double(0, 0)],
      [2, 0, 0],
      [0],
    ],
    ['a weight', 'weights', [double(0, 0), double(0, -710), offsets], [double(0, 0), double(0, 0)], [2, 0, 0], [0]],
    [
      'offsets',
      'weights',
      [double(0, 0), double(0, 0), Int32Array.of(0, 5, 2)],
      [double(0, 0), double(0, 0)],
      [2, 0, 0],
      [0],
    ],
    ['offsets', 'sequence_reduce', [float(1, 2), BigInt64Array.of(0n, 3n, 2n)], [double(0, 0), double(0, 0)], [2], []],
  ])('%s, by %s', async (_, op, inputs, outputs, dims, scalars) => {
    const failure = (run: () => void) => {
      try {
        run();
      } catch (error) {
        const { code, index } = error as { code: string; index: number };
        return { code, index };
      }
      throw new Error('it was taken');
    };
    const expected = failure(() => loadAddon().runSync(op, inputs, outputs, dims, scalars));
    expect(failure(() => simtAddon().runSync(op, inputs, outputs, dims, scalars))).toEqual(expected);
    const queue = simtAddon().createQueue({ maximumPending: 8, device: 'cuda' });
    await expect(queue.runHost(op, inputs, outputs, dims, scalars)).rejects.toMatchObject({ ...expected, sequence: 1 });
    await queue.close();
  });
});

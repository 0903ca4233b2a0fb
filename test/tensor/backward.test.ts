/**
 * The backward half of every op, through its wrapper and a tape, against central differences of its own forward half in f32:
 * coarse, but a wrong dim, input or accumulator is far outside. The kernels themselves are held against double elsewhere.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Device } from '../../src/tensor/device.js';
import {
  add,
  attention,
  columns,
  dropout,
  embedding,
  fusedHead,
  gatherRows,
  gelu,
  layerNorm,
  matmul,
  rmsNorm,
  rope,
  scale,
  swiglu,
  zeros,
} from '../../src/tensor/ops/index.js';
import { Tape } from '../../src/tensor/tape.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { randomNumbers } from '../helpers/check-op.js';
import { expectClose } from '../helpers/tolerance.js';

let device: Device;
beforeAll(() => {
  device = Device.open('cpu');
});
afterAll(() => device.close());

type Floats = Tensor<'f32'>;

interface Case {
  /** Shapes of the inputs that have gradients. */
  shapes: number[][];
  outputs: (...inputs: Floats[]) => Floats[];
}

const ints = (...values: number[]) => device.tensor(values, [values.length], 'i32');
const places = (rows: number) =>
  device.tensor(
    Int32Array.from({ length: 3 * rows }, (_, i) => i),
    [rows, 3],
    'i32',
  );
/** A prompt of two rows and responses of two and one. */
const segments = () => device.tensor([0, 2, 0, 0, 2, 4, 0, 2, 4, 5, 0, 2], [3, 4], 'i32');
const half = (seed: number) => device.tensor(randomNumbers(4 * 2, seed), [4, 2]);

const cases: Record<string, Case> = {
  add: {
    shapes: [
      [2, 3],
      [2, 3],
    ],
    outputs: (a, b) => [add(a!, b!)],
  },
  'add of one tensor twice': { shapes: [[2, 3]], outputs: (a) => [add(a!, a!)] },
  'attention with grouped queries': {
    shapes: [
      [5, 12],
      [5, 6],
      [5, 6],
    ],
    outputs: (q, k, v) => [
      attention(q!, k!, v!, segments(), { heads: 4, keyValueHeads: 2, scale: 0.6 }) as Tensor<'f32'>,
    ],
  },
  'columns, overlapping': {
    shapes: [[3, 7]],
    outputs: (x) => [add(columns(x!, 0, 4), columns(x!, 2, 4)), columns(x!, 6, 1)],
  },
  dropout: {
    shapes: [[5, 7]],
    outputs: (x) => [dropout(x!, { rate: 0.3, seed: 5, stream: 9, places: places(5) })],
  },
  'embedding with repeated ids': { shapes: [[4, 3]], outputs: (table) => [embedding(table!, ints(3, 0, 3, 1, 3))] },
  fusedHead: {
    shapes: [
      [3, 4],
      [7, 4],
    ],
    outputs: (hidden, weight) => {
      const { logProbs, entropies } = fusedHead(hidden!, weight!, ints(6, 0, 2), { temperature: 0.7 });
      return [logProbs, entropies];
    },
  },
  'fusedHead, entropies only': {
    shapes: [
      [3, 4],
      [7, 4],
    ],
    outputs: (hidden, weight) => [fusedHead(hidden!, weight!, ints(6, 0, 2)).entropies],
  },
  'gatherRows with repeated rows': { shapes: [[4, 3]], outputs: (x) => [gatherRows(x!, ints(2, 0, 2))] },
  'gelu, tanh form': { shapes: [[2, 5]], outputs: (x) => [gelu(x!, 'tanh')] },
  'gelu, erf form': { shapes: [[2, 5]], outputs: (x) => [gelu(x!, 'erf')] },
  layerNorm: { shapes: [[3, 5], [5], [5]], outputs: (x, weight, bias) => [layerNorm(x!, weight!, bias!, 1e-3)] },
  'matmul with bias': { shapes: [[2, 3], [3, 5], [5]], outputs: (a, b, bias) => [matmul(a!, b!, { bias: bias! })] },
  'matmul, transposed': {
    shapes: [
      [2, 3],
      [5, 3],
    ],
    outputs: (a, b) => [matmul(a!, b!, { transposed: true })],
  },
  'rmsNorm of rows': { shapes: [[3, 6], [6]], outputs: (x, weight) => [rmsNorm(x!, weight!, 1e-3)] },
  'rmsNorm of heads': { shapes: [[3, 6], [2]], outputs: (x, weight) => [rmsNorm(x!, weight!, 0.1)] },
  'rope of a part of each head': {
    shapes: [[3, 10]],
    outputs: (x) => [rope(x!, { positions: ints(2, 0, 3), cos: half(5), sin: half(6), heads: 2 })],
  },
  scale: { shapes: [[2, 5]], outputs: (x) => [scale(x!, -1.5)] },
  swiglu: {
    shapes: [
      [2, 5],
      [2, 5],
    ],
    outputs: (gate, up) => [swiglu(gate!, up!)],
  },
};

/** What one step of `step` in the inputs loses to rounding and curvature, of gradients of size 1. */
const step = 0.02;
const coarse = { atol: 4e-3, rtol: 4e-3 };

test.each(Object.entries(cases))('%s', async (_, { shapes, outputs }) => {
  const values = shapes.map((shape, i) => Float32Array.from(randomNumbers(size(shape), i + 1)));
  const upload = () => values.map((value, i) => device.tensor(value.slice(), shapes[i]!));
  const inputs = upload();
  const gradients = inputs.map((input) => zeros(device, input.shape));
  const tape = new Tape(device);
  for (const [i, input] of inputs.entries()) tape.watch(input, gradients[i]!);
  const results = tape.record(() => outputs(...inputs));
  const seeds = results.map(({ shape }, i) => randomNumbers(size(shape), 50 + i));
  tape.backward(results.map((result, i) => [result, device.tensor(seeds[i]!, result.shape)]));

  const objective = async () => {
    const read = await Promise.all(outputs(...upload()).map((result) => result.read()));
    return read.reduce((sum, own, i) => sum + own.reduce((total, value, j) => total + value * seeds[i]![j]!, 0), 0);
  };
  for (const [i, value] of values.entries()) {
    const expected: number[] = [];
    for (let j = 0; j < value.length; j++) {
      const original = value[j]!;
      value[j] = original + step;
      const above = await objective();
      value[j] = original - step;
      const below = await objective();
      value[j] = original;
      expected.push((above - below) / (2 * step));
    }
    expectClose(await gradients[i]!.read(), expected, coarse, `gradient of input ${i}`);
  }
});

test('every differentiable op has a case', () => {
  const folder = new URL('../../src/tensor/ops/', import.meta.url);
  const differentiable = readdirSync(folder)
    .filter((file) => readFileSync(new URL(file, folder), 'utf8').includes('tape?.add('))
    .map((file) => file.replace('.ts', '').replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()));
  expect(differentiable.length).toBeGreaterThan(10);
  for (const op of differentiable) {
    expect(Object.keys(cases).filter((name) => name.split(/[ ,]/)[0] === op)).not.toEqual([]);
  }
});

function size(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

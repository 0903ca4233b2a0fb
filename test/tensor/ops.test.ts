/** What the wrappers add to the kernels: sizes taken from shapes, results of the right shape, one sentence per mistake. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Device } from '../../src/tensor/device.js';
import {
  add,
  attention,
  cast,
  columns,
  embedding,
  gatherRows,
  gelu,
  layerNorm,
  matmul,
  rmsNorm,
  rope,
  swiglu,
} from '../../src/tensor/ops/index.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { randomNumbers } from '../helpers/check-op.js';
import { expectClose, tolerances } from '../helpers/tolerance.js';

let device: Device;
beforeAll(() => {
  device = Device.open('cpu');
});
afterAll(() => device.close());

/** A tensor of reproducible values, and those values. */
function random(shape: number[], seed: number): { tensor: Tensor<'f32'>; at: (...index: number[]) => number } {
  const values = Float32Array.from(
    randomNumbers(
      shape.reduce((a, b) => a * b, 1),
      seed,
      2,
    ),
  );
  const at = (...index: number[]) => values[index.reduce((offset, i, axis) => offset * shape[axis]! + i, 0)]!;
  return { tensor: device.tensor(values, shape), at };
}

/** Checks shape and every element of a matrix against a formula. */
async function expectMatrix(result: Tensor<'f32'>, shape: number[], formula: (i: number, j: number) => number) {
  expect(result.shape).toEqual(shape);
  const [rows, width] = shape as [number, number];
  const expected = Array.from({ length: rows * width }, (_, e) => formula(Math.floor(e / width), e % width));
  expectClose(await result.read(), expected, tolerances.f32);
}

const sum = (count: number, term: (i: number) => number) =>
  Array.from({ length: count }, (_, i) => term(i)).reduce((a, b) => a + b, 0);

describe('the ops agree with their formulas', () => {
  it('add', async () => {
    const [a, b] = [random([3, 5], 1), random([3, 5], 2)];
    await expectMatrix(add(a.tensor, b.tensor), [3, 5], (i, j) => a.at(i, j) + b.at(i, j));
  });

  it('cast', async () => {
    const half = device.tensor(Uint16Array.of(0x3c00, 0xc000), [2, 1], 'f16');
    await expectMatrix(cast(half), [2, 1], (i) => [1, -2][i]!);
    const brain = device.tensor(Uint16Array.of(0x3f80, 0xc000), [1, 2], 'bf16');
    await expectMatrix(cast(brain), [1, 2], (_, j) => [1, -2][j]!);
  });

  it('columns', async () => {
    const x = random([3, 7], 1);
    await expectMatrix(columns(x.tensor, 2, 4), [3, 4], (i, j) => x.at(i, j + 2));
  });

  it('embedding and gatherRows', async () => {
    const table = random([4, 3], 1);
    const ids = [3, 0, 3, 1, 2];
    const index = device.tensor(ids, [5], 'i32');
    await expectMatrix(embedding(table.tensor, index), [5, 3], (i, j) => table.at(ids[i]!, j));
    await expectMatrix(gatherRows(table.tensor, index), [5, 3], (i, j) => table.at(ids[i]!, j));
  });

  it('embedding of a table in bf16', async () => {
    const table = device.tensor(Uint16Array.of(0x3f80, 0xc000, 0x4040, 0), [2, 2], 'bf16');
    const rows = embedding(table, device.tensor([1, 0, 1], [3], 'i32'));
    await expectMatrix(
      rows,
      [3, 2],
      (i, j) =>
        [
          [3, 0],
          [1, -2],
          [3, 0],
        ][i]![j]!,
    );
  });

  it('matmul, plain and transposed, with and without bias', async () => {
    const [a, plain, rows, bias] = [random([2, 3], 1), random([3, 5], 2), random([5, 3], 3), random([5], 4)];
    await expectMatrix(matmul(a.tensor, plain.tensor), [2, 5], (i, j) => sum(3, (p) => a.at(i, p) * plain.at(p, j)));
    const product = matmul(a.tensor, rows.tensor, { transposed: true, bias: bias.tensor });
    await expectMatrix(product, [2, 5], (i, j) => sum(3, (p) => a.at(i, p) * rows.at(j, p)) + bias.at(j));
  });

  it('rmsNorm over rows and over heads', async () => {
    const x = random([3, 6], 1);
    for (const width of [6, 2]) {
      const weight = random([width], 2);
      await expectMatrix(rmsNorm(x.tensor, weight.tensor, 1e-5), [3, 6], (i, j) => {
        const first = j - (j % width);
        const scale = 1 / Math.sqrt(sum(width, (e) => x.at(i, first + e) ** 2) / width + 1e-5);
        return x.at(i, j) * scale * weight.at(j % width);
      });
    }
  });

  it('layerNorm', async () => {
    const [x, weight, bias] = [random([3, 6], 1), random([6], 2), random([6], 3)];
    await expectMatrix(layerNorm(x.tensor, weight.tensor, bias.tensor, 1e-5), [3, 6], (i, j) => {
      const mean = sum(6, (e) => x.at(i, e)) / 6;
      const variance = sum(6, (e) => (x.at(i, e) - mean) ** 2) / 6;
      return ((x.at(i, j) - mean) / Math.sqrt(variance + 1e-5)) * weight.at(j) + bias.at(j);
    });
  });

  it('rope with a part of each head rotated', async () => {
    const [heads, head, half] = [2, 5, 2];
    const [x, cos, sin] = [random([3, heads * head], 1), random([4, half], 2), random([4, half], 3)];
    const positions = [2, 0, 3];
    const options = {
      positions: device.tensor(positions, [3], 'i32'),
      cos: cos.tensor,
      sin: sin.tensor,
      heads,
    };
    await expectMatrix(rope(x.tensor, options), [3, heads * head], (i, j) => {
      const e = j % head;
      if (e >= 2 * half) return x.at(i, j);
      const [c, s] = [cos.at(positions[i]!, e % half), sin.at(positions[i]!, e % half)];
      return e < half ? x.at(i, j) * c - x.at(i, j + half) * s : x.at(i, j) * c + x.at(i, j - half) * s;
    });
  });

  it('attention of a prompt of two rows and a response of one', async () => {
    const [q, k, v] = [random([3, 4], 1), random([3, 2], 2), random([3, 2], 3)]; // 2 heads of 2 share one key-value head
    const segments = device.tensor([0, 2, 0, 0, 2, 3, 0, 2], [2, 4], 'i32');
    const options = { heads: 2, keyValueHeads: 1, scale: 0.7 };
    const mixed = attention(q.tensor, k.tensor, v.tensor, segments, options) as Tensor<'f32'>;
    await expectMatrix(mixed, [3, 4], (i, j) => {
      const first = j - (j % 2);
      const score = (u: number) => Math.exp(0.7 * sum(2, (e) => q.at(i, first + e) * k.at(u, e)));
      return sum(i + 1, (u) => score(u) * v.at(u, j % 2)) / sum(i + 1, score);
    });
  });

  it('swiglu', async () => {
    const [gate, up] = [random([2, 5], 1), random([2, 5], 2)];
    const silu = (x: number) => x / (1 + Math.exp(-x));
    await expectMatrix(swiglu(gate.tensor, up.tensor), [2, 5], (i, j) => silu(gate.at(i, j)) * up.at(i, j));
  });

  it('gelu', async () => {
    const x = random([2, 5], 1);
    await expectMatrix(gelu(x.tensor, 'tanh'), [2, 5], (i, j) => {
      const e = x.at(i, j);
      return (e / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (e + 0.044715 * e ** 3)));
    });
    await expectMatrix(
      gelu(device.tensor([1, -1], [1, 2]), 'erf'),
      [1, 2],
      (_, j) => [0.8413447460685429, -0.15865525393145707][j]!,
    );
  });
});

describe('the ops refuse', () => {
  const f = (...shape: number[]) => device.empty(shape);
  const ints = (...shape: number[]) => device.empty(shape, 'i32');

  const mistakes: [string, () => unknown, string][] = [
    ['unequal shapes', () => add(f(2, 3), f(3, 2)), 'add: b must have shape [2,3] (that of a), not [3,2]'],
    ['another dtype', () => add(f(2), ints(2) as never), 'add: b must be f32, not i32'],
    ['a cast of f32', () => cast(f(2) as never), 'cast: x must be f16 or bf16, not f32'],
    ['columns outside', () => columns(f(2, 3), 1, 3), 'columns: 3 columns from 1 are not within the 3 of x'],
    ['a negative column', () => columns(f(2, 3), -1, 2), 'columns: 2 columns from -1'],
    ['a table of integers', () => embedding(ints(2, 3) as never, ints(2)), 'embedding: table must be f32 or bf16'],
    ['ids as floats', () => embedding(f(2, 3), f(2) as never), 'embedding: ids must be i32, not f32'],
    ['a matrix of ids', () => gatherRows(f(2, 3), ints(2, 1)), 'gatherRows: index must have shape [*], not [2,1]'],
    ['inner sizes', () => matmul(f(2, 3), f(4, 5)), 'matmul: b must have shape [3,*] (a has 3 columns), not [4,5]'],
    ['a plain b as transposed', () => matmul(f(2, 3), f(3, 5), { transposed: true }), 'must have shape [*,3]'],
    ['a vector as a matrix', () => matmul(f(3), f(3, 5)), 'matmul: a must have shape [*,*], not [3]'],
    ['a factor in bf16 among f32', () => matmul(f(2, 3), device.empty([3, 5], 'bf16')), 'matmul: b must be f32'],
    ['a bias per row', () => matmul(f(2, 3), f(3, 5), { bias: f(2) }), 'matmul: bias must have shape [5]'],
    ['a weight that fits no head', () => rmsNorm(f(2, 6), f(4), 0), 'rmsNorm: x has rows of 6, which a weight of 4'],
    ['an empty weight', () => rmsNorm(f(2, 6), f(0), 0), 'which a weight of 0 does not divide'],
    ['a short bias', () => layerNorm(f(2, 6), f(6), f(5), 0), 'layerNorm: bias must have shape [6]'],
    [
      'positions of other rows',
      () => rope(f(2, 6), { positions: ints(3), cos: f(9, 1), sin: f(9, 1), heads: 3 }),
      'rope: positions must have shape [2] (one per row of x), not [3]',
    ],
    [
      'heads that do not divide',
      () => rope(f(2, 6), { positions: ints(2), cos: f(9, 1), sin: f(9, 1), heads: 4 }),
      'rope: x has rows of 6, which 4 heads do not divide',
    ],
    [
      'keys of other rows',
      () => attention(f(2, 6), f(3, 2), f(2, 2), ints(1, 4), { heads: 3, keyValueHeads: 1, scale: 1 }),
      'attention: k must have shape [2,2] (1 heads of 2), not [3,2]',
    ],
    [
      'segments of three numbers',
      () => attention(f(2, 6), f(2, 2), f(2, 2), ints(1, 3), { heads: 3, keyValueHeads: 1, scale: 1 }),
      'attention: segments must have shape [*,4], not [1,3]',
    ],
    ['a gate of another shape', () => swiglu(f(2, 3), f(2, 4)), 'swiglu: up must have shape [2,3] (that of gate)'],
    ['integers', () => gelu(ints(3) as never, 'tanh'), 'gelu: x must be f32, not i32'],
  ];

  it.each(mistakes)('%s', (_, call, message) => {
    expect(call).toThrowError(expect.objectContaining({ exitCode: 2, message: expect.stringContaining(message) }));
  });

  it('a token outside the table, when its vector is read', async () => {
    const ids = device.tensor([1, 7], [2], 'i32');
    await expect(embedding(device.tensor([1, 2, 3, 4], [2, 2]), ids).read()).rejects.toMatchObject({
      code: 'OUT_OF_RANGE',
      message: expect.stringContaining('index 7 at position 1'),
    });
  });
});

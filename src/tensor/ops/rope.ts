import type { Tensor } from '../tensor.js';
import { expectDType, expectShape, headWidth, matrixShape } from './check.js';

export interface RopeOptions {
  /** i32 [rows]: the position of each row's token. */
  positions: Tensor<'i32'>;
  /** f32 [table, rotary / 2]: cosines of position times frequency. */
  cos: Tensor<'f32'>;
  /** f32 [table, rotary / 2]: sines. */
  sin: Tensor<'f32'>;
  /** Heads in a row of x. */
  heads: number;
}

/**
 * Rotary position embedding (Su et al. 2021): the first `rotary` elements of each head are rotated in pairs
 * (i, i + rotary / 2), the rest is copied. x and result f32 [rows, heads * head]. Throws `UsageError`; a position
 * outside the table fails with OUT_OF_RANGE at the read, naming the row.
 */
export function rope(x: Tensor<'f32'>, { positions, cos, sin, heads }: RopeOptions): Tensor<'f32'> {
  const [rows, width] = matrixShape('rope', 'x', x);
  const head = headWidth('rope', 'x', width, heads);
  expectDType('rope', 'positions', positions, 'i32');
  expectShape('rope', 'positions', positions, [rows], 'one per row of x');
  const [table, half] = matrixShape('rope', 'cos', cos);
  matrixShape('rope', 'sin', sin);
  expectShape('rope', 'sin', sin, cos.shape, 'that of cos');
  const { device } = x;
  const out = device.result('rope', [rows, width]);
  const dims = [rows, heads, head, 2 * half, table];
  device.run('rope', [x, positions, cos, sin], [out], dims);
  device.tape?.add({
    outputs: [out],
    inputs: [x],
    saved: [positions, cos, sin],
    backward: ([dout], to) => {
      const dx = device.result('rope backward', x.shape);
      device.run('rope_backward', [dout!, positions, cos, sin], [dx], dims);
      to.add(x, dx);
    },
  });
  return out;
}

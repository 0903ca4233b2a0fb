import { UsageError } from '../../errors.js';
import type { Tensor } from '../tensor.js';
import { matrixShape } from './check.js';

/**
 * x[:, start : start + count], one part of a fused projection. x f32 [rows, width], result f32 [rows, count].
 * Throws `UsageError` when the columns are not in x.
 */
export function columns(x: Tensor<'f32'>, start: number, count: number): Tensor<'f32'> {
  const [rows, width] = matrixShape('columns', 'x', x);
  if (!(start >= 0 && count >= 0 && start + count <= width)) {
    throw new UsageError('SHAPE', `columns: ${count} columns from ${start} are not within the ${width} of x`);
  }
  const { device } = x;
  const out = device.result('columns', [rows, count]);
  const dims = [rows, width, start, count];
  device.run('columns', [x], [out], dims);
  device.tape?.add({
    outputs: [out],
    inputs: [x],
    saved: [],
    backward: ([dout], to) => device.run('columns_backward', [dout!], [to.accumulator(x)], dims),
  });
  return out;
}

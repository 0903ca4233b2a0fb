import type { Tensor } from '../tensor.js';
import { expectDType, expectShape, matrixShape } from './check.js';

/**
 * Chosen rows: result[i] = x[index[i]]. x f32 [rows, width], index i32 [count], result f32 [count, width].
 * Throws `UsageError`; an index outside x fails with OUT_OF_RANGE at the read, naming its place.
 */
export function gatherRows(x: Tensor<'f32'>, index: Tensor<'i32'>): Tensor<'f32'> {
  const [rows, width] = matrixShape('gatherRows', 'x', x);
  expectDType('gatherRows', 'index', index, 'i32');
  expectShape('gatherRows', 'index', index, [null]);
  const { device } = x;
  const out = device.result('gatherRows', [index.size, width]);
  const dims = [rows, width, index.size];
  device.run('gather_rows', [x, index], [out], dims);
  device.tape?.add({
    outputs: [out],
    inputs: [x],
    saved: [index],
    backward: ([dout], to) => {
      const dx = device.result('gatherRows backward', x.shape);
      device.run('gather_rows_backward', [dout!, index], [dx], dims);
      to.add(x, dx);
    },
  });
  return out;
}

import { codeOf, type ProductType } from '../products.js';
import type { Tensor } from '../tensor.js';
import { expectDType, expectShape, matrixShape } from './check.js';

/**
 * Puts rows into their places, in place: destination[index[i]] = x[i], rounded to its dtype; the other rows stay. x f32
 * [rows, width], index i32 [rows], destination f32 or bf16 [capacity, width]. It is not recorded on a tape.
 * Throws `UsageError`; an index outside the destination fails with OUT_OF_RANGE at the read, naming its place.
 */
export function scatterRows(destination: Tensor<ProductType>, x: Tensor<'f32'>, index: Tensor<'i32'>): void {
  const [capacity, width] = matrixShape('scatterRows', 'destination', destination, 'f32', 'bf16');
  const [rows] = matrixShape('scatterRows', 'x', x);
  expectShape('scatterRows', 'x', x, [null, width], `destination has ${width} columns`);
  expectDType('scatterRows', 'index', index, 'i32');
  expectShape('scatterRows', 'index', index, [rows], 'one per row of x');
  x.device.run('scatter_rows', [x, index], [destination], [rows, width, capacity, codeOf(destination.dtype)]);
}

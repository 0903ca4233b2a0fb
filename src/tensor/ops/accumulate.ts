import type { Tensor } from '../tensor.js';
import { expectSameShape } from './check.js';

/** y += scale x, in place; it is not recorded on a tape. x and y f32 of one shape. Throws `UsageError`. */
export function accumulate(y: Tensor<'f32'>, x: Tensor<'f32'>, scale = 1): void {
  expectSameShape('accumulate', 'y', y, 'x', x);
  y.device.run('accumulate', [x], [y], [y.size], [scale]);
}

import type { Tensor } from '../tensor.js';
import { accumulate } from './accumulate.js';
import { zeros } from './zeros.js';

/** factor x. x and result f32 of one shape. Throws `UsageError`. */
export function scale(x: Tensor<'f32'>, factor: number): Tensor<'f32'> {
  const out = zeros(x.device, x.shape);
  accumulate(out, x, factor);
  x.device.tape?.add({
    outputs: [out],
    inputs: [x],
    saved: [],
    backward: ([dout], to) => to.add(x, scale(dout!, factor)),
  });
  return out;
}

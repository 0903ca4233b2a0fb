import type { Device } from '../device.js';
import type { Tensor } from '../tensor.js';

/** A tensor of zeros; `what` it is for is named where there is no memory for it. */
export function zeros(device: Device, shape: readonly number[], what = 'zeros'): Tensor<'f32'> {
  const out = device.result(what, shape);
  clear(out);
  return out;
}

/** Sets every element to zero, in place; it is not recorded on a tape. */
export function clear(x: Tensor<'f32'>): void {
  x.device.run('fill', [], [x], [x.size], [0]);
}

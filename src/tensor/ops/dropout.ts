import { UsageError } from '../../errors.js';
import type { Tensor } from '../tensor.js';
import { expectDType } from './check.js';

export interface DropoutOptions {
  /** Probability that an element is set to zero, in [0, 1). */
  rate: number;
  /** Whole numbers; the mask is a function of seed, stream and the element's place alone. */
  seed: number;
  stream: number;
}

/**
 * Sets elements to zero at random and divides the rest by 1 - rate (Srivastava et al. 2014). x and result f32 of one shape.
 * The same seed and stream give the same mask: that is how backward, and a checkpointed block run again, find it.
 * Throws `UsageError`.
 */
export function dropout(x: Tensor<'f32'>, { rate, seed, stream }: DropoutOptions): Tensor<'f32'> {
  expectDType('dropout', 'x', x, 'f32');
  if (!(rate >= 0 && rate < 1)) throw new UsageError('DROPOUT', `dropout: rate must be in [0, 1), not ${rate}`);
  const { device } = x;
  const out = device.empty(x.shape);
  device.run('dropout', [x], [out], [x.size, seed, stream], [1 - rate]);
  device.tape?.add({
    outputs: [out],
    inputs: [x],
    saved: [],
    backward: ([dout], to) => to.add(x, dropout(dout!, { rate, seed, stream })),
  });
  return out;
}

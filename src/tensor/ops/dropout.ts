import { UsageError } from '../../errors.js';
import type { Tensor } from '../tensor.js';
import { expectDType, expectShape, matrixShape } from './check.js';

export interface DropoutOptions {
  /** Probability that an element is set to zero, in [0, 1). */
  rate: number;
  /** Whole numbers; the mask of a row is a function of seed, stream and its place alone. */
  seed: number;
  stream: number;
  /** i32 [rows, 3]: three numbers that tell the rows apart, whatever batch they are in. */
  places: Tensor<'i32'>;
}

/**
 * Sets elements to zero at random and divides the rest by 1 - rate (Srivastava et al. 2014). x and result f32 [rows, width].
 * The same seed, stream and places give the same mask: that is how backward, and a checkpointed block run again, find it.
 * Throws `UsageError`.
 */
export function dropout(x: Tensor<'f32'>, options: DropoutOptions): Tensor<'f32'> {
  const { rate, seed, stream, places } = options;
  const [rows, width] = matrixShape('dropout', 'x', x);
  expectDType('dropout', 'places', places, 'i32');
  expectShape('dropout', 'places', places, [rows, 3]);
  if (!(rate >= 0 && rate < 1)) throw new UsageError('DROPOUT', `dropout: rate must be in [0, 1), not ${rate}`);
  const { device } = x;
  const out = device.result('dropout', x.shape);
  device.run('dropout', [x, places], [out], [rows, width, seed, stream], [1 - rate]);
  device.tape?.add({
    outputs: [out],
    inputs: [x],
    saved: [places],
    backward: ([dout], to) => to.add(x, dropout(dout!, options)),
  });
  return out;
}

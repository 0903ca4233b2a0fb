import type { Tensor } from '../tensor.js';
import { expectDType } from './check.js';

/** The bf16 number nearest to each element, ties to even, of the same shape; without derivative. Throws `UsageError`. */
export function narrow(x: Tensor<'f32'>): Tensor<'bf16'> {
  expectDType('narrow', 'x', x, 'f32');
  const out = x.device.result('narrow', x.shape, 'bf16');
  x.device.run('narrow', [x], [out], [x.size, BF16]);
  return out;
}

/** pope_dtype of native/include/pope.h */
const BF16 = 2;

import type { Tensor } from '../tensor.js';
import { expectDType } from './check.js';

/** pope_dtype of native/include/pope.h */
export const halfCodes = { f16: 1, bf16: 2 } as const;

/** The values of an f16 or bf16 tensor in f32, of the same shape; nothing is rounded. Throws `UsageError`. */
export function cast(x: Tensor<'f16' | 'bf16'>): Tensor<'f32'> {
  expectDType('cast', 'x', x, 'f16', 'bf16');
  const out = x.device.result('cast', x.shape);
  x.device.run('cast', [x], [out], [x.size, halfCodes[x.dtype]]);
  return out;
}

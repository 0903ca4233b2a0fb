import { UsageError } from '../../errors.js';
import type { Tensor } from '../tensor.js';
import { halfCodes } from './cast.js';
import { expectDType } from './check.js';

/** Replaces the elements of `out` from `first` on by the values of an f16 or bf16 tensor. Throws `UsageError`. */
export function castInto(out: Tensor<'f32'>, first: number, x: Tensor<'f16' | 'bf16'>): void {
  expectDType('castInto', 'out', out, 'f32');
  expectDType('castInto', 'x', x, 'f16', 'bf16');
  if (!(first >= 0 && first + x.size <= out.size)) {
    throw new UsageError('SHAPE', `castInto: ${x.size} elements from ${first} on are more than the ${out.size} of out`);
  }
  x.device.run('cast_into', [x], [out], [x.size, halfCodes[x.dtype], first, out.size]);
}

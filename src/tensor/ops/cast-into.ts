import type { Tensor } from '../tensor.js';
import { halfCodes } from './cast.js';
import { expectDType, expectPart } from './check.js';

/** Replaces the elements of `out` from `first` on by the values of an f16 or bf16 tensor. Throws `UsageError`. */
export function castInto(out: Tensor<'f32'>, first: number, x: Tensor<'f16' | 'bf16'>): void {
  expectDType('castInto', 'out', out, 'f32');
  expectDType('castInto', 'x', x, 'f16', 'bf16');
  expectPart('castInto', out, first, x);
  x.device.run('cast_into', [x], [out], [x.size, halfCodes[x.dtype], first, out.size]);
}

import { codeOf } from '../products.js';
import type { Tensor } from '../tensor.js';
import { expectDType, expectPart } from './check.js';

/** Replaces the elements of `out` from `first` on by the bf16 numbers nearest to those of x, ties to even. Throws `UsageError`. */
export function narrowInto(out: Tensor<'bf16'>, first: number, x: Tensor<'f32'>): void {
  expectDType('narrowInto', 'out', out, 'bf16');
  expectDType('narrowInto', 'x', x, 'f32');
  expectPart('narrowInto', out, first, x);
  x.device.run('narrow_into', [x], [out], [x.size, codeOf('bf16'), first, out.size]);
}

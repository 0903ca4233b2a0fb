import { codeOf, type ProductType } from '../products.js';
import type { Tensor } from '../tensor.js';
import { expectDType } from './check.js';

const forms = { tanh: 0, erf: 1 } as const;

/**
 * Gaussian error linear unit (Hendrycks and Gimpel 2016), element by element: x / 2 (1 + erf(x / sqrt 2)), or with
 * tanh(sqrt(2 / pi) (x + 0.044715 x^3)) in place of the erf, as GPT-2 has it. x and result f32 of one shape.
 * Throws `UsageError`.
 *
 * @param dtype of the result, for `device.factorType`
 */
export function gelu<D extends ProductType = 'f32'>(
  x: Tensor<'f32'>,
  form: keyof typeof forms,
  dtype: D = 'f32' as D,
): Tensor<D> {
  expectDType('gelu', 'x', x, 'f32');
  const { device } = x;
  const out = device.result('gelu', x.shape, dtype);
  const dims = [x.size, forms[form]];
  device.run('gelu', [x], [out], [...dims, codeOf(dtype)]);
  device.tape?.add({
    outputs: [out as Tensor<'f32'>], // factorType is f32 on a tape
    inputs: [x],
    saved: [x],
    backward: ([dout], to) => {
      const dx = device.result('gelu backward', x.shape);
      device.run('gelu_backward', [x, dout!], [dx], dims);
      to.add(x, dx);
    },
  });
  return out;
}

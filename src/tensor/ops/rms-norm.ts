import { UsageError } from '../../errors.js';
import { codeOf, type ProductType } from '../products.js';
import type { Tensor } from '../tensor.js';
import { expectDType, expectShape } from './check.js';

/**
 * x / sqrt(mean x^2 + eps) * weight over parts of `weight.size` elements (Zhang and Sennrich 2019): whole rows, or each
 * head of rows [rows, heads * head] when the weight has the size of one head. x and result f32 [.., width], weight f32
 * [w] with w dividing width, eps >= 0. Throws `UsageError`.
 *
 * @param dtype of the result, for `device.factorType`
 */
export function rmsNorm<D extends ProductType = 'f32'>(
  x: Tensor<'f32'>,
  weight: Tensor<'f32'>,
  eps: number,
  dtype: D = 'f32' as D,
): Tensor<D> {
  expectDType('rmsNorm', 'x', x, 'f32');
  expectDType('rmsNorm', 'weight', weight, 'f32');
  expectShape('rmsNorm', 'weight', weight, [null]);
  const width = x.shape.at(-1) ?? 1;
  if (weight.size === 0 || width % weight.size !== 0) {
    throw new UsageError('SHAPE', `rmsNorm: x has rows of ${width}, which a weight of ${weight.size} does not divide`);
  }
  const { device } = x;
  const out = device.result('rmsNorm', x.shape, dtype);
  const dims = [x.size / weight.size, weight.size];
  device.run('rms_norm', [x, weight], [out], [...dims, codeOf(dtype)], [eps]);
  device.tape?.add({
    outputs: [out as Tensor<'f32'>], // factorType is f32 on a tape
    inputs: [x, weight],
    saved: [x, weight],
    backward: ([dout], to) => {
      const dx = device.result('rmsNorm backward', x.shape);
      device.run('rms_norm_backward', [x, weight, dout!], [dx, to.accumulator(weight)], dims, [eps]);
      to.add(x, dx);
    },
  });
  return out;
}

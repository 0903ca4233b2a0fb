import { codeOf, type ProductType } from '../products.js';
import type { Tensor } from '../tensor.js';
import { expectDType, expectShape, matrixShape } from './check.js';

/**
 * (x - mean) / sqrt(variance + eps) * weight + bias over each row, the variance divided by the width (Ba, Kiros and Hinton
 * 2016). x and result f32 [rows, width], weight and bias f32 [width], eps >= 0. Throws `UsageError`.
 *
 * @param dtype of the result, for `device.factorType`
 */
export function layerNorm<D extends ProductType = 'f32'>(
  x: Tensor<'f32'>,
  weight: Tensor<'f32'>,
  bias: Tensor<'f32'>,
  eps: number,
  dtype: D = 'f32' as D,
): Tensor<D> {
  const [rows, width] = matrixShape('layerNorm', 'x', x);
  for (const [name, tensor] of [
    ['weight', weight],
    ['bias', bias],
  ] as const) {
    expectDType('layerNorm', name, tensor, 'f32');
    expectShape('layerNorm', name, tensor, [width], 'the width of x');
  }
  const { device } = x;
  const out = device.result('layerNorm', [rows, width], dtype);
  device.run('layer_norm', [x, weight, bias], [out], [rows, width, codeOf(dtype)], [eps]);
  device.tape?.add({
    outputs: [out as Tensor<'f32'>], // factorType is f32 on a tape
    inputs: [x, weight, bias],
    saved: [x, weight],
    backward: ([dout], to) => {
      const dx = device.result('layerNorm backward', x.shape);
      const ofParameters = [to.accumulator(weight), to.accumulator(bias)];
      device.run('layer_norm_backward', [x, weight, dout!], [dx, ...ofParameters], [rows, width], [eps]);
      to.add(x, dx);
    },
  });
  return out;
}

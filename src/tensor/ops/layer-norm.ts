import type { Tensor } from '../tensor.js';
import { expectDType, expectShape, matrixShape } from './check.js';

/**
 * (x - mean) / sqrt(variance + eps) * weight + bias over each row, the variance divided by the width (Ba, Kiros and Hinton
 * 2016). x and result f32 [rows, width], weight and bias f32 [width], eps >= 0. Throws `UsageError`.
 */
export function layerNorm(x: Tensor<'f32'>, weight: Tensor<'f32'>, bias: Tensor<'f32'>, eps: number): Tensor<'f32'> {
  const [rows, width] = matrixShape('layerNorm', 'x', x);
  for (const [name, tensor] of [
    ['weight', weight],
    ['bias', bias],
  ] as const) {
    expectDType('layerNorm', name, tensor, 'f32');
    expectShape('layerNorm', name, tensor, [width], 'the width of x');
  }
  const out = x.device.empty([rows, width]);
  x.device.run('layer_norm', [x, weight, bias], [out], [rows, width], [eps]);
  return out;
}

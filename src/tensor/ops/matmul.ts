import type { ProductType } from '../products.js';
import type { Tensor } from '../tensor.js';
import { expectDType, expectShape, matrixShape } from './check.js';

export interface MatmulOptions {
  /** b is [n, k], as the weight matrix [out, in] of a linear layer is stored; else [k, n]. */
  transposed?: boolean;
  /** f32 [n], added to every row. */
  bias?: Tensor<'f32'> | null;
}

/**
 * a b + bias, or a b^T + bias when `transposed`. a f32 [m, k], b f32 [k, n] or [n, k], result f32 [m, n].
 * On a device that multiplies in bf16 (products.ts) a and b are rounded first, forward and backward; they may be of bf16 then.
 * A row of the result has the same bits whatever the other rows are, unless a BLAS does the work (see `pope doctor`).
 * Throws `UsageError`.
 */
export function matmul(
  a: Tensor<ProductType>,
  b: Tensor<ProductType>,
  { transposed = false, bias = null }: MatmulOptions = {},
): Tensor<'f32'> {
  const { device } = a;
  const [m, k] = matrixShape('matmul', 'a', a, 'f32', device.products.type);
  matrixShape('matmul', 'b', b, 'f32', device.products.type);
  expectShape('matmul', 'b', b, transposed ? [null, k] : [k, null], `a has ${k} columns`);
  const n = b.shape[transposed ? 0 : 1]!;
  if (bias) {
    expectDType('matmul', 'bias', bias, 'f32');
    expectShape('matmul', 'bias', bias, [n], 'one per column of the result');
  }
  const out = device.result('matmul', [m, n]);
  const dims = [m, n, k, Number(transposed)];
  device.products.run('matmul', [a, b], [bias], [out], dims);
  device.tape?.add({
    outputs: [out],
    inputs: [a, b, bias],
    saved: [a, b],
    backward: ([dout], to) => {
      if (to.needs(a)) to.add(a, matmul(dout!, b, { transposed: !transposed }));
      if (to.needs(b)) device.products.run('matmul_weight_gradient', [dout!, a], [], [to.accumulator(b)], dims);
      if (to.needs(bias)) device.run('bias_gradient', [dout!], [to.accumulator(bias)], [m, n]);
    },
  });
  return out;
}

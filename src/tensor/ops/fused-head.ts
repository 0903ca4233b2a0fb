import { UsageError } from '../../errors.js';
import type { ProductType } from '../products.js';
import type { Tensor } from '../tensor.js';
import { expectDType, expectShape, matrixShape } from './check.js';
import { zeros } from './zeros.js';

export interface FusedHead {
  /** f32 [rows]: log-probability of each row's target. */
  logProbs: Tensor<'f32'>;
  /** f32 [rows]: entropy of each row's distribution. */
  entropies: Tensor<'f32'>;
  /** f32 [rows]: logarithm of the sum of exponentials of each row's scaled logits. */
  logSumExp: Tensor<'f32'>;
}

/**
 * Log-probabilities and entropies (nats) of softmax(hidden weight^T / temperature), without the logits of the batch.
 * hidden f32 [rows, width], weight f32 [vocabulary, width], or bf16 on a device that multiplies in bf16 (products.ts), targets i32
 * [rows]. Throws `UsageError`; a target outside the
 * vocabulary fails with OUT_OF_RANGE at the read.
 */
export function fusedHead(
  hidden: Tensor<'f32'>,
  weight: Tensor<ProductType>,
  targets: Tensor<'i32'>,
  { temperature = 1 }: { temperature?: number } = {},
): FusedHead {
  const [rows, width] = matrixShape('fusedHead', 'hidden', hidden);
  const [vocabulary] = matrixShape('fusedHead', 'weight', weight, 'f32', hidden.device.products.type);
  expectShape('fusedHead', 'weight', weight, [null, width], `hidden has ${width} columns`);
  expectDType('fusedHead', 'targets', targets, 'i32');
  expectShape('fusedHead', 'targets', targets, [rows], 'one per row of hidden');
  if (!(temperature > 0))
    throw new UsageError('TEMPERATURE', `fusedHead: temperature must be above 0, not ${temperature}`);
  const { device } = hidden;
  const perRow = () => device.result('fusedHead', [rows]);
  const [logProbs, entropies, logSumExp] = [perRow(), perRow(), perRow()];
  const dims = [rows, width, vocabulary];
  const scale = 1 / temperature;
  device.products.run('fused_head', [hidden, weight], [targets], [logProbs, entropies, logSumExp], dims, [scale]);
  device.tape?.add({
    outputs: [logProbs, entropies],
    inputs: [hidden, weight],
    saved: [hidden, weight, targets, logSumExp, entropies],
    backward: ([dlogProbs, dentropies], to) => {
      const dhidden = device.result('fusedHead backward', hidden.shape);
      const seeds = [dlogProbs ?? zeros(device, [rows]), dentropies!];
      const others = [targets, logSumExp, entropies, ...seeds];
      const outputs = [dhidden, to.accumulator(weight)];
      device.products.run('fused_head_backward', [hidden, weight], others, outputs, dims, [scale]);
      to.add(hidden, dhidden);
    },
  });
  return { logProbs, entropies, logSumExp };
}

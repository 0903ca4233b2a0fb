import type { ProductType } from '../products.js';
import type { Tensor } from '../tensor.js';
import { expectDType, expectShape, headWidth, matrixShape } from './check.js';

export interface AttentionOptions {
  /** Query heads, a multiple of `keyValueHeads`; neighbours share a key-value head (grouped-query attention). */
  heads: number;
  keyValueHeads: number;
  /** Factor of the scores, usually 1 / sqrt(head). */
  scale: number;
}

/**
 * Softmax attention (Vaswani et al. 2017) over packed segments. q and result f32 [rows, heads * head], k and v f32
 * [rows, keyValueHeads * head], segments i32 [segments, 4] of (start, end, prefixStart, prefixEnd), which cut the rows in
 * order and without gaps: row t of a segment sees the rows [prefixStart, prefixEnd), which lie before it, and [start, t].
 * On a CPU a response whose prefix is its prompt gets the same bits as when it alone follows the prompt; on a GPU the sums
 * are cut by the place of the rows.
 * On a device that multiplies in bf16 (products.ts) q, k, v and the result are rounded, forward and backward; the result is
 * of `device.factorType`.
 * Throws `UsageError`; segments that break the rules fail with OUT_OF_RANGE at the read, naming the segment.
 */
export function attention(
  q: Tensor<'f32'>,
  k: Tensor<'f32'>,
  v: Tensor<'f32'>,
  segments: Tensor<'i32'>,
  { heads, keyValueHeads, scale }: AttentionOptions,
): Tensor<ProductType> {
  const [rows, width] = matrixShape('attention', 'q', q);
  const head = headWidth('attention', 'q', width, heads);
  for (const [name, tensor] of [
    ['k', k],
    ['v', v],
  ] as const) {
    expectDType('attention', name, tensor, 'f32');
    expectShape('attention', name, tensor, [rows, keyValueHeads * head], `${keyValueHeads} heads of ${head}`);
  }
  expectDType('attention', 'segments', segments, 'i32');
  expectShape('attention', 'segments', segments, [null, 4]);
  const { device } = q;
  const { products } = device;
  const factors = [q, k, v].map((factor) => products.enter(factor));
  const mixed = device.result('attention', [rows, width], products.type);
  const logSumExp = device.tape && device.result('attention', [heads, rows]);
  const dims = [rows, heads, keyValueHeads, head, segments.shape[0]!, products.code];
  device.run('attention', [...factors, segments], [mixed, logSumExp], dims, [scale]);
  if (!device.tape) return mixed;
  const out = products.leave(mixed);
  device.tape.add({
    outputs: [out],
    inputs: [q, k, v],
    saved: [...factors, mixed, segments, logSumExp],
    backward: ([dout], to) => {
      const gradients = factors.map(({ shape }) => device.result('attention backward', shape, products.type));
      const inputs = [...factors, mixed, products.enter(dout!), segments, logSumExp];
      device.run('attention_backward', inputs, gradients, dims, [scale]);
      for (const [i, x] of [q, k, v].entries()) to.add(x, products.leave(gradients[i]!));
    },
  });
  return out;
}

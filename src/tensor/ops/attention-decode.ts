import { codeOf, type ProductType } from '../products.js';
import type { Tensor } from '../tensor.js';
import type { AttentionOptions } from './attention.js';
import { expectDType, expectShape, headWidth, matrixShape } from './check.js';

/**
 * Softmax attention of the newest token of each sequence over a cache. q and result f32 [rows, heads * head], keys and values
 * f32 or bf16 [capacity, keyValueHeads * head], spans i32 [rows, 4] of (prefixStart, prefixEnd, ownStart, ownEnd): row r sees the
 * cache's rows [prefixStart, prefixEnd), which sequences may share, and [ownStart, ownEnd). Without derivative.
 * Throws `UsageError`; spans that leave the cache, or are both empty, fail with OUT_OF_RANGE at the read, naming the row.
 */
export function attentionDecode(
  q: Tensor<'f32'>,
  keys: Tensor<ProductType>,
  values: Tensor<ProductType>,
  spans: Tensor<'i32'>,
  { heads, keyValueHeads, scale }: AttentionOptions,
): Tensor<'f32'> {
  const [rows, width] = matrixShape('attentionDecode', 'q', q);
  const head = headWidth('attentionDecode', 'q', width, heads);
  const [capacity] = matrixShape('attentionDecode', 'keys', keys, 'f32', 'bf16');
  matrixShape('attentionDecode', 'values', values, keys.dtype);
  expectShape('attentionDecode', 'keys', keys, [null, keyValueHeads * head], `${keyValueHeads} heads of ${head}`);
  expectShape('attentionDecode', 'values', values, keys.shape, 'that of keys');
  expectDType('attentionDecode', 'spans', spans, 'i32');
  expectShape('attentionDecode', 'spans', spans, [rows, 4], 'four numbers per row of q');
  const out = q.device.result('attentionDecode', [rows, width]);
  const dims = [rows, heads, keyValueHeads, head, capacity, codeOf(keys.dtype)];
  q.device.run('attention_decode', [q, keys, values, spans], [out], dims, [scale]);
  return out;
}

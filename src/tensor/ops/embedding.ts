import { codeOf, type ProductType } from '../products.js';
import type { Tensor } from '../tensor.js';
import { expectDType, expectShape, matrixShape } from './check.js';

/**
 * The rows of a table for token ids: result[i] = table[ids[i]]. table f32 or bf16 [vocab, width], ids i32 [rows], result
 * f32 [rows, width]. Throws `UsageError`; an id outside the table fails with OUT_OF_RANGE at the read, naming row and id.
 */
export function embedding(table: Tensor<ProductType>, ids: Tensor<'i32'>): Tensor<'f32'> {
  const [vocab, width] = matrixShape('embedding', 'table', table, 'f32', 'bf16');
  expectDType('embedding', 'ids', ids, 'i32');
  expectShape('embedding', 'ids', ids, [null]);
  const { device } = table;
  const out = device.result('embedding', [ids.size, width]);
  const dims = [ids.size, vocab, width];
  device.run('embedding', [ids, table], [out], [...dims, codeOf(table.dtype)]);
  device.tape?.add({
    outputs: [out],
    inputs: [table],
    saved: [ids],
    backward: ([dout], to) => device.run('embedding_backward', [ids, dout!], [to.accumulator(table)], dims),
  });
  return out;
}

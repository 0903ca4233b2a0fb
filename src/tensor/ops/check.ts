/** What the ops ask of their arguments: one place for the sentence that a wrong shape or dtype gets. */
import { UsageError } from '../../errors.js';
import type { DType, Tensor } from '../tensor.js';

/** Refuses another dtype than the op has a kernel for. */
export function expectDType(op: string, name: string, tensor: Tensor, ...dtypes: DType[]): void {
  if (dtypes.includes(tensor.dtype)) return;
  throw new UsageError('DTYPE', `${op}: ${name} must be ${dtypes.join(' or ')}, not ${tensor.dtype}`);
}

/**
 * Refuses a tensor of another shape; null in `shape` stands for any extent. `why` says where the expectation is from.
 */
export function expectShape(
  op: string,
  name: string,
  tensor: Tensor,
  shape: readonly (number | null)[],
  why?: string,
): void {
  const { shape: got } = tensor;
  if (got.length === shape.length && shape.every((extent, i) => extent === null || extent === got[i])) return;
  const wanted = shape.map((extent) => extent ?? '*').join(',');
  throw new UsageError('SHAPE', `${op}: ${name} must have shape [${wanted}]${why ? ` (${why})` : ''}, not [${got}]`);
}

/** Rows and columns of a matrix, of f32 unless other dtypes are named. */
export function matrixShape(
  op: string,
  name: string,
  tensor: Tensor,
  ...dtypes: DType[]
): [rows: number, columns: number] {
  expectDType(op, name, tensor, ...(dtypes.length > 0 ? dtypes : (['f32'] as const)));
  expectShape(op, name, tensor, [null, null]);
  return [tensor.shape[0]!, tensor.shape[1]!];
}

/** Refuses f32 tensors of unequal shapes. */
export function expectSameShape(op: string, first: string, a: Tensor, second: string, b: Tensor): void {
  expectDType(op, first, a, 'f32');
  expectDType(op, second, b, 'f32');
  expectShape(op, second, b, a.shape, `that of ${first}`);
}

/** Refuses elements of x that have no place in `out` from `first` on. */
export function expectPart(op: string, out: Tensor, first: number, x: Tensor): void {
  if (first >= 0 && first + x.size <= out.size) return;
  throw new UsageError('SHAPE', `${op}: ${x.size} elements from ${first} on are more than the ${out.size} of out`);
}

/** The width of each of `heads` equal parts of a row. */
export function headWidth(op: string, name: string, width: number, heads: number): number {
  if (Number.isSafeInteger(heads) && heads > 0 && width % heads === 0) return width / heads;
  throw new UsageError('SHAPE', `${op}: ${name} has rows of ${width}, which ${heads} heads do not divide`);
}

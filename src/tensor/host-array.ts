import { UsageError } from '../errors.js';
import type { HostArray } from '../native/addon.js';
import { type DType, dtypes } from './tensor.js';

/** Values for a tensor as the array that crosses to native code, and their dtype; see `Device.tensor`. */
export function hostArray(data: HostArray | readonly number[], dtype?: DType): { array: HostArray; type: DType } {
  const type = dtype ?? impliedDType(data);
  const { array: Kind } = dtypes[type];
  if (isNumbers(data)) {
    if (type === 'i64' || type === 'f16' || type === 'bf16') {
      throw new UsageError('DTYPE', `a ${type} tensor is made from a ${Kind.name}, not from numbers`);
    }
    return { array: dtypes[type].array.from(data), type };
  }
  if (!(data instanceof Kind) && !(data instanceof Uint8Array)) {
    throw new UsageError('DTYPE', `a ${type} tensor is made from a ${Kind.name}, not from a ${data.constructor.name}`);
  }
  return { array: data, type };
}

function impliedDType(data: HostArray | readonly number[]): DType {
  if (isNumbers(data)) return 'f32';
  if (data instanceof Uint16Array) throw new UsageError('DTYPE', 'a Uint16Array is f16 or bf16: name the dtype');
  const found = Object.entries(dtypes).find(([, { array }]) => data instanceof array);
  if (!found) throw new UsageError('DTYPE', 'a tensor is made from numbers or a typed array of a known kind');
  return found[0] as DType;
}

function isNumbers(data: HostArray | readonly number[]): data is readonly number[] {
  return Array.isArray(data);
}

import { describeValue, UsageError } from '../errors.js';
import { writePartsAtomic } from '../files/atomic.js';
import { cast } from '../tensor/ops/cast.js';
import { isFloat, type ProductType } from '../tensor/products.js';
import type { Tensor } from '../tensor/tensor.js';

/** A tensor to be written: row-major, as many values as its shape says. */
export interface WritableTensor {
  dtype: 'F32';
  shape: readonly number[];
  /** Or what gives it when its turn has come, so that not all tensors are in memory together. */
  data: Float32Array | (() => Promise<Float32Array>);
}

/** Tensors as `writeSafetensors` takes them; each is on the host only while it is written. */
export function writable(tensors: ReadonlyMap<string, Tensor<ProductType>>): Map<string, WritableTensor> {
  const entryOf = (tensor: Tensor<ProductType>): WritableTensor => ({
    dtype: 'F32',
    shape: tensor.shape,
    data: () => readFloats(tensor),
  });
  return new Map([...tensors].map(([name, tensor]) => [name, entryOf(tensor)]));
}

async function readFloats(tensor: Tensor<ProductType>): Promise<Float32Array> {
  if (isFloat(tensor)) return tensor.read();
  using wide = cast(tensor as Tensor<'bf16'>);
  return await wide.read();
}

/** The header is padded to this many bytes, so that the data of a file in memory is aligned for every dtype. */
const ALIGNMENT = 8;

/**
 * Writes a safetensors file (https://github.com/huggingface/safetensors, README section "Format"): 8-byte little-endian
 * header length, JSON header, data in the order of the map. The file is either complete or, after a failure, the old one;
 * nothing is copied besides the header.
 *
 * @param metadata texts for `__metadata__`; Hugging Face libraries load a model file only where `format` is `pt`
 * @throws UsageError TENSOR_VALUES where shape and data disagree; OUTPUT_NOT_A_FILE, OUTPUT_NOT_WRITABLE
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, WritableTensor>,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Promise<void> {
  await writePartsAtomic(path, partsOf(path, tensors, safetensorsHeader(path, tensors, metadata)));
}

function safetensorsHeader(
  path: string,
  tensors: ReadonlyMap<string, WritableTensor>,
  metadata: Readonly<Record<string, string>>,
): Buffer {
  // A map, because a tensor may have a name, such as __proto__, that assignment to an object would lose.
  const entries = new Map<string, object>([['__metadata__', metadata]]);
  let position = 0;
  for (const [name, { dtype, shape, data }] of tensors) {
    const count = elementCount(path, name, shape);
    if (typeof data !== 'function') checkCount(path, name, { shape, count }, data);
    const bytes = count * Float32Array.BYTES_PER_ELEMENT;
    entries.set(name, { dtype, shape, data_offsets: [position, position + bytes] });
    position += bytes;
  }
  const json = JSON.stringify(Object.fromEntries(entries));
  const length = Math.ceil(Buffer.byteLength(json) / ALIGNMENT) * ALIGNMENT;
  const header = Buffer.alloc(8 + length, ' ');
  header.writeBigUInt64LE(BigInt(length));
  header.write(json, 8);
  return header;
}

function elementCount(path: string, name: string, shape: readonly number[]): number {
  if (name === '__metadata__') {
    throw wrong(path, name, 'the format keeps this name for itself; give the tensor another one');
  }
  const valid = shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  if (!valid) throw wrong(path, name, `expected a shape of whole numbers >= 0, got [${shape}]`);
  return shape.reduce((product, extent) => product * extent, 1);
}

function checkCount(
  path: string,
  name: string,
  { shape, count }: { shape: readonly number[]; count: number },
  data: Float32Array,
): void {
  if (count === data.length) return;
  throw wrong(path, name, `expected ${count} values for the shape [${shape}], got ${data.length}`);
}

function wrong(path: string, name: string, problem: string): UsageError {
  return new UsageError('TENSOR_VALUES', `${path}: tensor ${describeValue(name)}: ${problem}`);
}

async function* partsOf(
  path: string,
  tensors: ReadonlyMap<string, WritableTensor>,
  header: Buffer,
): AsyncGenerator<Uint8Array> {
  yield header;
  for (const [name, { shape, data }] of tensors) {
    const values = typeof data === 'function' ? await data() : data;
    checkCount(path, name, { shape, count: elementCount(path, name, shape) }, values);
    yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  }
}

import { writePartsAtomic } from '../data/files.js';
import { describeValue, UsageError } from '../errors.js';

/** A tensor to be written: row-major, as many values as its shape says. */
export interface WritableTensor {
  dtype: 'F32';
  shape: readonly number[];
  data: Float32Array;
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
  await writePartsAtomic(path, [safetensorsHeader(path, tensors, metadata), ...dataOf(tensors)]);
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
    checkTensor(path, name, shape, data);
    entries.set(name, { dtype, shape, data_offsets: [position, position + data.byteLength] });
    position += data.byteLength;
  }
  const json = JSON.stringify(Object.fromEntries(entries));
  const length = Math.ceil(Buffer.byteLength(json) / ALIGNMENT) * ALIGNMENT;
  const header = Buffer.alloc(8 + length, ' ');
  header.writeBigUInt64LE(BigInt(length));
  header.write(json, 8);
  return header;
}

function checkTensor(path: string, name: string, shape: readonly number[], data: Float32Array): void {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const valid = shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  if (name !== '__metadata__' && valid && size === data.length) return;
  const problem =
    name === '__metadata__'
      ? 'the format keeps this name for itself; give the tensor another one'
      : `expected ${size} values for the shape [${shape}], got ${data.length}`;
  throw new UsageError('TENSOR_VALUES', `${path}: tensor ${describeValue(name)}: ${problem}`);
}

function dataOf(tensors: ReadonlyMap<string, WritableTensor>): Uint8Array[] {
  return [...tensors.values()].map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

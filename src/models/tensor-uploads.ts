import type { Device } from '../tensor/device.js';
import { cast } from '../tensor/ops/cast.js';
import { castInto } from '../tensor/ops/cast-into.js';
import { narrowInto } from '../tensor/ops/narrow-into.js';
import { hostMemory } from '../tensor/out-of-memory.js';
import { isFloat, type ProductType } from '../tensor/products.js';
import { dtypes, type Tensor } from '../tensor/tensor.js';
import type { StoredTensor, WeightDtype } from './checkpoint.js';

/** Large enough that the fixed costs of a read and of a copy vanish, small enough that nobody misses the memory. */
const BLOCK_BYTES = 8 * 2 ** 20;

const TYPES = { F32: 'f32', F16: 'f16', BF16: 'bf16' } as const;

/**
 * Brings stored tensors to a device, however large, through two blocks of host memory: while the queue copies what is in
 * one, the other is filled. They go as they are and are widened or rounded there.
 */
export class TensorUploads {
  readonly #device: Device;
  /** Each with the moment from which it may be filled again. */
  readonly #blocks: { bytes: Uint8Array; free: Promise<void> }[];
  #next = 0;

  /** @param blockBytes of each block, a multiple of 4 */
  constructor(device: Device, blockBytes = BLOCK_BYTES) {
    this.#device = device;
    this.#blocks = [0, 1].map(() => ({
      bytes: hostMemory(blockBytes, () => new Uint8Array(blockBytes)),
      free: Promise.resolve(),
    }));
  }

  /** A new tensor with the values of a stored one, in bf16 rounded to nearest. */
  async upload<D extends ProductType>(stored: StoredTensor, type: D): Promise<Tensor<D>> {
    const tensor = this.#device.empty(stored.shape, type);
    try {
      await this.fill(tensor, stored);
      return tensor;
    } catch (error) {
      tensor.dispose();
      throw error;
    }
  }

  /** Replaces all values of a tensor by those of a stored one of its shape. */
  async fill(tensor: Tensor<ProductType>, { dtype, read }: Pick<StoredTensor, 'dtype' | 'read'>): Promise<void> {
    const device = this.#device;
    const width = dtypes[TYPES[dtype]].bytes;
    for (let first = 0; first < tensor.size; ) {
      const block = this.#blocks[this.#next++ % this.#blocks.length]!;
      await block.free;
      const count = Math.min(block.bytes.length / width, tensor.size - first);
      const bytes = block.bytes.subarray(0, count * width);
      await read(first * width, bytes);
      device.scope(() => put(tensor, first, bytes, dtype));
      block.free = device.passed();
      first += count;
    }
  }
}

/** Replaces the elements of a tensor from `first` on by stored ones. */
function put(tensor: Tensor<ProductType>, first: number, bytes: Uint8Array, stored: WeightDtype): void {
  const { device } = tensor;
  const type = TYPES[stored];
  if (type === tensor.dtype) {
    device.writePart(tensor, first, bytes);
    return;
  }
  const raw = device.tensor(bytes, [bytes.length / dtypes[type].bytes], type);
  if (isFloat(tensor)) {
    castInto(tensor, first, raw as Tensor<'f16' | 'bf16'>);
  } else {
    const values = stored === 'F32' ? (raw as Tensor<'f32'>) : cast(raw as Tensor<'f16'>);
    narrowInto(tensor as Tensor<'bf16'>, first, values);
  }
}

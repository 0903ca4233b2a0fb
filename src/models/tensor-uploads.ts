import type { Device } from '../tensor/device.js';
import { castInto } from '../tensor/ops/cast-into.js';
import { hostMemory } from '../tensor/out-of-memory.js';
import type { Tensor } from '../tensor/tensor.js';
import type { StoredTensor } from './checkpoint.js';

/** Large enough that the fixed costs of a read and of a copy vanish, small enough that nobody misses the memory. */
const BLOCK_BYTES = 8 * 2 ** 20;

const BYTES = { F32: 4, F16: 2, BF16: 2 } as const;

/**
 * Brings stored tensors to a device, however large, through two blocks of host memory: while the queue copies what is in
 * one, the other is filled. f16 and bf16 go as they are and are widened there.
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

  /** A new tensor with the values of a stored one. */
  async upload(stored: StoredTensor): Promise<Tensor<'f32'>> {
    const tensor = this.#device.empty(stored.shape);
    try {
      await this.fill(tensor, stored);
      return tensor;
    } catch (error) {
      tensor.dispose();
      throw error;
    }
  }

  /** Replaces all values of a tensor by those of a stored one of its shape. */
  async fill(tensor: Tensor<'f32'>, { dtype, read }: Pick<StoredTensor, 'dtype' | 'read'>): Promise<void> {
    const device = this.#device;
    const width = BYTES[dtype];
    for (let first = 0; first < tensor.size; ) {
      const block = this.#blocks[this.#next++ % this.#blocks.length]!;
      await block.free;
      const count = Math.min(block.bytes.length / width, tensor.size - first);
      const bytes = block.bytes.subarray(0, count * width);
      await read(first * width, bytes);
      if (dtype === 'F32') {
        device.writePart(tensor, first, bytes);
      } else {
        using raw = device.tensor(bytes, [count], dtype === 'F16' ? 'f16' : 'bf16');
        castInto(tensor, first, raw);
      }
      block.free = device.passed();
      first += count;
    }
  }
}

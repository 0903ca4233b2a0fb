import { PopeError } from '../errors.js';
import type { HostArray, NativeBuffer } from '../native/addon.js';
import type { Device } from './device.js';
import { hostMemory } from './out-of-memory.js';

/** Element types of device memory. f16 and bf16 are 16-bit patterns on the host: JavaScript has no such numbers. */
export const dtypes = {
  f32: { bytes: 4, array: Float32Array },
  f64: { bytes: 8, array: Float64Array },
  i32: { bytes: 4, array: Int32Array },
  i64: { bytes: 8, array: BigInt64Array },
  f16: { bytes: 2, array: Uint16Array },
  bf16: { bytes: 2, array: Uint16Array },
  u8: { bytes: 1, array: Uint8Array },
} as const;

export type DType = keyof typeof dtypes;

/** The typed array that holds elements of a dtype on the host. */
export type HostArrayOf<D extends DType> = InstanceType<(typeof dtypes)[D]['array']>;

/**
 * A dense, row-major array in the memory of a device. Made by a `Device`; it holds memory until `dispose()`, the end of the
 * `device.scope` it was made in, or, as a safety net only, the garbage collector. Any use after that throws
 * `USE_AFTER_DISPOSE`.
 */
export class Tensor<D extends DType = DType> {
  readonly device: Device;
  readonly shape: readonly number[];
  readonly dtype: D;
  /** Number of elements. */
  readonly size: number;
  readonly #buffer: NativeBuffer;

  /** Use `device.tensor` or `device.empty`. */
  constructor(device: Device, buffer: NativeBuffer, shape: readonly number[], dtype: D) {
    this.device = device;
    this.shape = shape;
    this.dtype = dtype;
    this.size = elementCount(shape);
    this.#buffer = buffer;
  }

  get disposed(): boolean {
    return this.#buffer.disposed;
  }

  /** The native memory, for a device's calls. Throws `USE_AFTER_DISPOSE`. */
  get buffer(): NativeBuffer {
    if (this.#buffer.disposed) {
      throw new PopeError(
        'USE_AFTER_DISPOSE',
        `a ${this.dtype} tensor of shape [${this.shape}] is used after dispose; a tensor made inside device.scope() ` +
          'outlives it only when it is returned from it or passed to device.keep()',
      );
    }
    return this.#buffer;
  }

  /**
   * Waits for all earlier work on this tensor and copies it to the host. Rejects with the first failure that this tensor
   * depends on: its message names the op and its dims, its stack is where that op was called.
   */
  async read(): Promise<HostArrayOf<D>> {
    const values = this.hostArray();
    await this.device.read(this, values as HostArray);
    return values;
  }

  /** A host array of zeros with room for all elements. */
  hostArray(): HostArrayOf<D> {
    const { array: Values, bytes } = dtypes[this.dtype];
    return hostMemory(this.size * bytes, () => new Values(this.size)) as HostArrayOf<D>;
  }

  /** Gives the memory back in queue order: work that was enqueued before still sees it. Idempotent. */
  dispose(): void {
    this.#buffer.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, extent) => count * extent, 1);
}

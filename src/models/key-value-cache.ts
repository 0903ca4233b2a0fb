import type { Device } from '../tensor/device.js';
import { attention, attentionDecode, scatterRows } from '../tensor/ops/index.js';
import type { ProductType } from '../tensor/products.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Attend } from './network.js';

/**
 * Keys and values of every layer for the tokens that were run, [capacity, width] each on the device, in the dtype that it
 * multiplies in: with bf16 half the bytes are kept, and read at every step. Who owns which row is the caller's to know.
 */
export class KeyValueCache {
  private readonly layers: { keys: Tensor<ProductType>; values: Tensor<ProductType> }[] = [];

  constructor(
    private readonly device: Device,
    /** Rows. */
    private readonly capacity: number,
  ) {}

  /** Rows that attend to each other as `segments` say (docs/native-ops.md) and are kept in the rows `index`, i32 [rows]. */
  packed(segments: Tensor<'i32'>, index: Tensor<'i32'>): Attend {
    return (layer, q, k, v, options) => {
      this.keep(layer, k, v, index);
      return attention(q, k, v, segments, options);
    };
  }

  /** Rows that are kept in the rows `index` and then attend to those of `spans`, i32 [rows, 4] (docs/native-ops.md). */
  newest(spans: Tensor<'i32'>, index: Tensor<'i32'>): Attend {
    return (layer, q, k, v, options) => {
      const { keys, values } = this.keep(layer, k, v, index);
      return attentionDecode(q, keys, values, spans, options);
    };
  }

  dispose(): void {
    for (const { keys, values } of this.layers) {
      keys.dispose();
      values.dispose();
    }
  }

  private keep(layer: number, k: Tensor<'f32'>, v: Tensor<'f32'>, index: Tensor<'i32'>) {
    const { type } = this.device.products;
    const empty = ({ shape }: Tensor) =>
      this.device.keep(this.device.result('cache of keys and values', [this.capacity, shape[1]!], type));
    this.layers[layer] ??= { keys: empty(k), values: empty(v) };
    const own = this.layers[layer];
    scatterRows(own.keys, k, index);
    scatterRows(own.values, v, index);
    return own;
  }
}

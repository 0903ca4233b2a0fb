import type { Device } from '../tensor/device.js';
import { attention } from '../tensor/ops/index.js';
import type { ModelConfig } from './config.js';
import type { NetworkInput } from './network.js';
import type { PackedBatch } from './packing.js';
import { RotaryTables } from './rotary-tables.js';

/** `length`: tokens of the longest sequence. */
export type InputRows = Pick<PackedBatch, 'ids' | 'positions' | 'longRows' | 'length'>;

/** Brings the rows of batches to a model's device. */
export class NetworkInputs {
  private readonly rotary: RotaryTables | null;

  constructor(
    private readonly device: Device,
    config: ModelConfig,
  ) {
    this.rotary = config.family === 'gpt2' ? null : new RotaryTables(device, config.rope, config.context);
  }

  /** A packed batch, whose rows attend to each other. */
  upload(batch: InputRows & Pick<PackedBatch, 'segments'>): NetworkInput {
    const segments = this.device.tensor(batch.segments, [batch.segments.length / 4, 4], 'i32');
    return { ...this.rows(batch), attend: (_, q, k, v, options) => attention(q, k, v, segments, options) };
  }

  /** Rows that attend in another way. */
  rows(batch: InputRows): Omit<NetworkInput, 'attend'> {
    const vector = (values: Int32Array) => this.device.tensor(values, [values.length], 'i32');
    const tables = this.rotary?.upTo(batch.length) ?? null;
    return {
      ids: vector(batch.ids),
      positions: vector(batch.positions),
      rope: tables && {
        cos: tables.cos,
        sin: tables.sin,
        rows: vector(batch.positions.map((position, row) => position + (batch.longRows[row] ? tables.longStart : 0))),
      },
    };
  }

  dispose(): void {
    this.rotary?.dispose();
  }
}

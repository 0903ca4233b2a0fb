import type { Device } from '../tensor/device.js';
import type { ModelConfig } from './config.js';
import type { NetworkInput } from './network.js';
import type { PackedBatch } from './packing.js';
import { RotaryTables } from './rotary-tables.js';

/** Brings the rows of batches to a model's device. */
export class NetworkInputs {
  private readonly rotary: RotaryTables | null;

  constructor(
    private readonly device: Device,
    config: ModelConfig,
  ) {
    this.rotary = config.family === 'gpt2' ? null : new RotaryTables(device, config.rope, config.context);
  }

  upload(batch: Pick<PackedBatch, 'ids' | 'positions' | 'longRows' | 'segments' | 'length'>): NetworkInput {
    const vector = (values: Int32Array) => this.device.tensor(values, [values.length], 'i32');
    const tables = this.rotary?.upTo(batch.length) ?? null;
    return {
      ids: vector(batch.ids),
      positions: vector(batch.positions),
      segments: this.device.tensor(batch.segments, [batch.segments.length / 4, 4], 'i32'),
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

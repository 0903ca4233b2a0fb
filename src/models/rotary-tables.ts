import type { Device } from '../tensor/device.js';
import type { Tensor } from '../tensor/tensor.js';
import { ropeTable } from './rope.js';
import type { RopeConfig } from './rope-config.js';

/** The rotary tables of a model on its device: made when first needed, and again when a longer sequence comes. */
export class RotaryTables {
  private current: { length: number; longStart: number; cos: Tensor<'f32'>; sin: Tensor<'f32'> } | null = null;
  /** Also those before the current ones, which recorded steps may still read; together they are no longer than these. */
  private readonly made: Tensor<'f32'>[] = [];

  constructor(
    private readonly device: Device,
    private readonly rope: RopeConfig,
    private readonly context: number,
  ) {}

  /** Tables for at least `length` positions; `longStart` is the first row of the long ones (rope.ts). */
  upTo(length: number): { longStart: number; cos: Tensor<'f32'>; sin: Tensor<'f32'> } {
    if (this.current === null || this.current.length < length) {
      // A power of two, so that slowly growing sequences do not make new tables each time.
      const padded = Math.min(2 ** Math.ceil(Math.log2(length)), this.context);
      const { cos, sin, rows, longStart } = ropeTable(this.rope, padded);
      const upload = (values: Float32Array) => {
        const table = this.device.keep(this.device.tensor(values, [rows, this.rope.rotary / 2], 'f32'));
        this.made.push(table);
        return table;
      };
      this.current = { length: padded, longStart, cos: upload(cos), sin: upload(sin) };
    }
    return this.current;
  }

  dispose(): void {
    for (const table of this.made.splice(0)) table.dispose();
    this.current = null;
  }
}

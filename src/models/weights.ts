import { DataError } from '../errors.js';
import type { Device } from '../tensor/device.js';
import { cast } from '../tensor/ops/cast.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Checkpoint } from './checkpoint.js';

/** The parameters that an architecture expects. */
export interface Parameters {
  /** Shape of each by its name without the prefix. */
  shapes: Map<string, readonly number[]>;
  /** What published files may put before every name but the head's: `transformer.` or `model.`. */
  prefix: string;
  /** Tensors that files may hold besides: buffers, and a copy of a tied head. */
  passedOver: RegExp;
}

/** The parameters of a model on its device, f32. */
export class ModelWeights {
  private constructor(
    /** By the name in the checkpoint. */
    readonly tensors: ReadonlyMap<string, Tensor<'f32'>>,
    private readonly prefix: string,
  ) {}

  /**
   * Reads and uploads every parameter; f16 and bf16 are uploaded as they are and widened on the device.
   *
   * @throws DataError for a missing, misshapen or unexpected tensor
   */
  static async load(device: Device, checkpoint: Checkpoint, expected: Parameters): Promise<ModelWeights> {
    const [probe] = expected.shapes.keys();
    const prefix = checkpoint.has(probe!) ? '' : expected.prefix;
    const shapes = new Map([...expected.shapes].map(([name, shape]) => [fullName(prefix, name), shape]));
    const unknown = checkpoint.names.find((name) => !shapes.has(name) && !expected.passedOver.test(name));
    if (unknown !== undefined) {
      const why = 'the architecture in config.json has no such parameter, and leaving it out would change the model';
      throw new DataError('UNEXPECTED_TENSOR', `${checkpoint.files[0]}: tensor "${unknown}": ${why}.`);
    }
    const tensors = new Map<string, Tensor<'f32'>>();
    for (const [name, shape] of shapes) {
      const { dtype, data } = await checkpoint.tensor(name, shape);
      if (dtype === 'F32') {
        tensors.set(name, device.tensor(data, shape, 'f32'));
      } else {
        const raw = device.tensor(data, shape, dtype === 'F16' ? 'f16' : 'bf16');
        tensors.set(name, cast(raw));
        raw.dispose();
      }
      await device.ready();
    }
    // The blocks of the narrow copies are of no further use.
    device.trim();
    return new ModelWeights(tensors, prefix);
  }

  /** A parameter by its name without the prefix. */
  get(name: string): Tensor<'f32'> {
    return this.tensors.get(fullName(this.prefix, name))!;
  }

  dispose(): void {
    for (const tensor of this.tensors.values()) tensor.dispose();
  }
}

function fullName(prefix: string, name: string): string {
  return name.startsWith('lm_head.') ? name : prefix + name;
}

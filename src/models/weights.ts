import { DataError } from '../errors.js';
import type { Device } from '../tensor/device.js';
import { explainMemory } from '../tensor/out-of-memory.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Checkpoint } from './checkpoint.js';
import type { LoraAdapters } from './lora.js';
import { TensorUploads } from './tensor-uploads.js';

/** The parameters that an architecture expects. */
export interface Parameters {
  /** Shape of each by its name without the prefix. */
  shapes: Map<string, readonly number[]>;
  /** What published files may put before every name but a head's: `transformer.`, `model.`, `bert.` or `roberta.`. */
  prefix: string;
  /** Whether the matrices of linear layers are stored [out, in], else [in, out]. */
  transposed: boolean;
  /** Tensors that files may hold besides: buffers, and a copy of a tied head. */
  passedOver: RegExp;
}

/** A linear layer of a block. */
export interface LinearModule {
  /** Name without the prefix. */
  name: string;
  /** Name of the module in Hugging Face's implementation, whatever prefix the checkpoint has. */
  path: string;
  /** Name of its matrix in the checkpoint. */
  weight: string;
  inputs: number;
  outputs: number;
  transposed: boolean;
  /** Its place among the linear layers. */
  index: number;
}

/** The parameters of a model on its device, f32. */
export class ModelWeights {
  /** Beside the linear layers, or null. */
  adapters: LoraAdapters | null = null;

  private constructor(
    /** By the name in the checkpoint. */
    readonly tensors: ReadonlyMap<string, Tensor<'f32'>>,
    private readonly prefix: string,
    private readonly expected: Parameters,
  ) {}

  /**
   * Reads and uploads every parameter (tensor-uploads.ts); on a dry device only checks them.
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
    const uploads = new TensorUploads(device);
    const upload = async (name: string, shape: readonly number[]) => {
      const stored = checkpoint.tensor(name, shape);
      return device.dry ? device.empty(shape) : uploads.upload(stored);
    };
    const elements = [...shapes.values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
    for (const [name, shape] of shapes) {
      try {
        const tensor = await upload(name, shape);
        tensors.set(name, tensor);
        if (shape.length === 2) device.products.keepCopyOf(tensor);
      } catch (error) {
        const advice = `the model takes ${4 * elements} bytes as f32: take a smaller one`;
        throw explainMemory(error, { who: `tensor "${name}"`, advice });
      }
      await device.ready();
    }
    // The blocks of what has been widened are of no further use.
    device.trim();
    return new ModelWeights(tensors, prefix, expected);
  }

  /** Parameters without values, for a dry device. */
  static blank(device: Device, expected: Parameters): ModelWeights {
    const tensors = new Map([...expected.shapes].map(([name, shape]) => [name, device.empty(shape)]));
    for (const tensor of tensors.values()) if (tensor.shape.length === 2) device.products.keepCopyOf(tensor);
    return new ModelWeights(tensors, '', expected);
  }

  /** A parameter by its name without the prefix. */
  get(name: string): Tensor<'f32'> {
    return this.tensors.get(fullName(this.prefix, name))!;
  }

  /** Runs a synchronous function with the adapters switched on or off. */
  withAdapters<T>(enabled: boolean, body: () => T): T {
    if (!this.adapters) return body();
    this.adapters.enabled = enabled;
    try {
      return body();
    } finally {
      this.adapters.enabled = true;
    }
  }

  /** The linear layers of all blocks. */
  get linearModules(): LinearModule[] {
    const { shapes, prefix, transposed } = this.expected;
    return [...shapes]
      .filter(([name, shape]) => /^(layers|h)\.\d+\..+\.weight$/.test(name) && shape.length === 2)
      .map(([parameter, [first, second]], index) => {
        const name = parameter.slice(0, -'.weight'.length);
        const [inputs, outputs] = transposed ? [second!, first!] : [first!, second!];
        const weight = fullName(this.prefix, parameter);
        return { name, path: prefix + name, weight, inputs, outputs, transposed, index };
      });
  }

  dispose(): void {
    this.adapters?.dispose();
    for (const tensor of this.tensors.values()) {
      tensor.device.products.changed(tensor);
      tensor.dispose();
    }
  }
}

function fullName(prefix: string, name: string): string {
  return /^(lm_head|classifier)\./.test(name) ? name : prefix + name;
}

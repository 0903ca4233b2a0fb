import { DataError } from '../errors.js';
import type { Device } from '../tensor/device.js';
import { explainMemory } from '../tensor/out-of-memory.js';
import { isFloat, type ProductType } from '../tensor/products.js';
import { dtypes, elementCount, type Tensor } from '../tensor/tensor.js';
import type { Checkpoint, StoredTensor } from './checkpoint.js';
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
  /** Names of the matrices whose rows are looked up; of all others only products read. */
  tables: readonly string[];
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

export interface WeightOptions {
  /** They do not train: what products alone read is held as they take it. */
  frozen?: boolean;
}

/**
 * The parameters of a model on its device: f32, but for matrices that are frozen on a device that multiplies in bf16. Those are
 * held in bf16 alone, since products read no more of them. Lookups do, so a table is held in bf16 only where it is stored in
 * bf16. The results have the same bits either way.
 */
export class ModelWeights {
  /** Beside the linear layers, or null. */
  adapters: LoraAdapters | null = null;

  private constructor(
    /** By the name in the checkpoint. */
    readonly tensors: ReadonlyMap<string, Tensor<ProductType>>,
    private readonly plan: Plan,
  ) {
    for (const tensor of tensors.values()) {
      if (tensor.shape.length === 2 && isFloat(tensor)) tensor.device.products.keepCopyOf(tensor);
    }
  }

  /**
   * Reads and uploads every parameter (tensor-uploads.ts); on a dry device only checks them.
   *
   * @throws DataError for a missing, misshapen or unexpected tensor
   */
  static async load(
    device: Device,
    checkpoint: Checkpoint,
    expected: Parameters,
    { frozen = false }: WeightOptions = {},
  ): Promise<ModelWeights> {
    const [probe] = expected.shapes.keys();
    const prefix = checkpoint.has(probe!) ? '' : expected.prefix;
    const names = new Map([...expected.shapes.keys()].map((name) => [fullName(prefix, name), name]));
    const unknown = checkpoint.names.find((name) => !names.has(name) && !expected.passedOver.test(name));
    if (unknown !== undefined) {
      const why = 'the architecture in config.json has no such parameter, and leaving it out would change the model';
      throw new DataError('UNEXPECTED_TENSOR', `${checkpoint.files[0]}: tensor "${unknown}": ${why}.`);
    }
    const stored = new Map(
      [...names].map(([full, name]) => [full, checkpoint.tensor(full, expected.shapes.get(name)!)]),
    );
    const plan: Plan = { expected, prefix, stored, frozen };
    const types = heldTypes(device, plan);
    const tensors = new Map<string, Tensor<ProductType>>();
    const uploads = new TensorUploads(device);
    for (const [name, source] of stored) {
      const type = types.get(name)!;
      try {
        tensors.set(name, device.dry ? device.empty(source.shape, type) : await uploads.upload(source, type));
      } catch (error) {
        const bytes = [...stored].map(([each, { shape }]) => elementCount(shape) * dtypes[types.get(each)!].bytes);
        const advice = `the model takes ${bytes.reduce((a, b) => a + b)} bytes: take a smaller one`;
        throw explainMemory(error, { who: `tensor "${name}"`, advice });
      }
      await device.ready();
    }
    // The blocks of what has been widened or rounded are of no further use.
    device.trim();
    return new ModelWeights(tensors, plan);
  }

  /** Those of another device without their values, for a dry one. */
  static blank(
    device: Device,
    { plan: original }: ModelWeights,
    { frozen = original.frozen }: WeightOptions = {},
  ): ModelWeights {
    const plan = { ...original, frozen };
    const types = heldTypes(device, plan);
    const tensors = new Map([...plan.stored].map(([name, { shape }]) => [name, device.empty(shape, types.get(name)!)]));
    return new ModelWeights(tensors, plan);
  }

  /** Whether adapters alone may train. */
  get frozen(): boolean {
    return this.plan.frozen;
  }

  /** Those that train where there are no adapters: all or none. */
  get trainable(): ReadonlyMap<string, Tensor<'f32'>> {
    return this.frozen ? new Map() : (this.tensors as ReadonlyMap<string, Tensor<'f32'>>);
  }

  /** A matrix by its name without the prefix. */
  matrix(name: string): Tensor<ProductType> {
    return this.tensors.get(fullName(this.plan.prefix, name))!;
  }

  /** A bias, or the weight of a norm, by its name without the prefix. */
  vector(name: string): Tensor<'f32'> {
    return this.matrix(name) as Tensor<'f32'>;
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
    const { shapes, prefix, transposed } = this.plan.expected;
    return [...shapes]
      .filter(([name, shape]) => /^(layers|h)\.\d+\..+\.weight$/.test(name) && shape.length === 2)
      .map(([parameter, [first, second]], index) => {
        const name = parameter.slice(0, -'.weight'.length);
        const [inputs, outputs] = transposed ? [second!, first!] : [first!, second!];
        const weight = fullName(this.plan.prefix, parameter);
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

/** What decides in what each parameter is held. */
interface Plan {
  expected: Parameters;
  prefix: string;
  /** By the name in the checkpoint. */
  stored: ReadonlyMap<string, Pick<StoredTensor, 'shape' | 'dtype'>>;
  frozen: boolean;
}

/** By the name in the checkpoint. */
function heldTypes(device: Device, { expected, prefix, stored, frozen }: Plan): Map<string, ProductType> {
  const frozenType = frozen ? device.products.type : 'f32';
  const tables = expected.tables.map((name) => fullName(prefix, name));
  return new Map(
    [...stored].map(([name, { shape, dtype }]) => {
      const isLossless = shape.length === 2 && (!tables.includes(name) || dtype === 'BF16');
      return [name, isLossless ? frozenType : 'f32'];
    }),
  );
}

function fullName(prefix: string, name: string): string {
  return /^(lm_head|classifier)\./.test(name) ? name : prefix + name;
}

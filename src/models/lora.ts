import { describeValue, UsageError } from '../errors.js';
import type { Device } from '../tensor/device.js';
import { accumulate, add, dropout, matmul, scale, zeros } from '../tensor/ops/index.js';
import type { ProductType } from '../tensor/products.js';
import type { Tensor } from '../tensor/tensor.js';
import type { LinearModule } from './weights.js';

/** Low-rank adapters (Hu et al., "LoRA", ICLR 2022), named as PEFT names them. */
export interface LoraOptions {
  /** Inner size of the adapters. */
  rank: number;
  /** What an adapter adds is multiplied by alpha / rank. */
  alpha: number;
  /** Share of an adapter's inputs set to zero in training; default 0. */
  dropout?: number;
  /** Last parts of the names of the linear layers to adapt, as `q_proj`; default: those of the attention's query and value. */
  targetModules?: readonly string[];
  /** Of the first values and of dropout; default 0. */
  seed?: number;
  /**
   * The layers to adapt by their paths in Hugging Face's implementation, as `model.layers.0.self_attn.q_proj`, where PEFT adapted some
   * otherwise than others; in place of `rank`, `alpha` and `targetModules`. Default null.
   */
  layers?: ReadonlyMap<string, LayerAdapter> | null;
}

/** `rank` and `alpha` of one layer. */
export type LayerAdapter = Readonly<Pick<LoraOptions, 'rank' | 'alpha'>>;

/** The masks of dropout are a function of these and of the adapters' seed alone. */
export interface TrainingPass {
  number: number;
  /** i32 [rows, 3]: slate, response and token of every row (packing.ts). */
  places: Tensor<'i32'>;
}

interface Adapter {
  module: LinearModule;
  /** f32 [rank, inputs] */
  a: Tensor<'f32'>;
  /** f32 [outputs, rank] */
  b: Tensor<'f32'>;
  /** alpha / rank */
  factor: number;
}

/** What PEFT adapts by default, among the names that our architectures have. */
const DEFAULT_TARGETS = ['q_proj', 'v_proj', 'qkv_proj', 'c_attn'];

/**
 * Low-rank adapters (Hu et al. 2021, arXiv 2106.09685) beside frozen linear layers:
 *
 *     y = W x + bias + (alpha / rank) B A dropout(x)
 *
 * A begins uniform in +-1 / sqrt(inputs) and B as zero, so that training begins at the base model.
 */
export class LoraAdapters {
  readonly options: Readonly<Required<LoraOptions>>;
  /** false: the layers are those of the base model. */
  enabled = true;
  /** Whether the base stores its matrices [out, in]. */
  readonly transposed: boolean;
  private readonly adapters = new Map<string, Adapter>();
  /** What dropout draws its masks by; null outside of training. */
  private pass: TrainingPass | null = null;

  /** @throws UsageError `LORA_OPTION`, naming the option and, for a target, what there is */
  constructor(
    private readonly device: Device,
    modules: readonly LinearModule[],
    options: LoraOptions,
  ) {
    this.options = checkOptions(options, modules);
    this.transposed = modules[0]!.transposed;
    const { seed, targetModules, layers } = this.options;
    const random = mulberry32(seed);
    for (const module of modules) {
      const own = layers ? layers.get(module.path) : targetModules.includes(lastPart(module.name)) && this.options;
      if (!own) continue;
      const { rank, alpha } = own;
      const bound = 1 / Math.sqrt(module.inputs);
      const first = Float32Array.from({ length: rank * module.inputs }, () => bound * (2 * random() - 1));
      const a = device.keep(device.tensor(first, [rank, module.inputs], 'f32'));
      const b = device.keep(zeros(device, [module.outputs, rank]));
      this.adapters.set(module.name, { module, a, b, factor: alpha / rank });
    }
  }

  /** What trains, by the names that PEFT gives it. */
  get tensors(): Map<string, Tensor<'f32'>> {
    return new Map(
      [...this.adapters.values()].flatMap(({ module, a, b }): [string, Tensor<'f32'>][] => [
        [adapterName(module.path, 'A'), a],
        [adapterName(module.path, 'B'), b],
      ]),
    );
  }

  /** The result of the linear layer `name` for x, given the base's result y. */
  apply(name: string, x: Tensor<ProductType>, y: Tensor<'f32'>): Tensor<'f32'> {
    const adapter = this.adapters.get(name);
    if (!adapter || !this.enabled) return y;
    const inner = matmul(this.drop(x, adapter), adapter.a, { transposed: true });
    return add(y, matmul(scale(inner, adapter.factor), adapter.b, { transposed: true }));
  }

  /** Runs a batch of a training pass, with dropout: the same masks also where a block is run again. */
  duringPass(pass: TrainingPass, body: () => void): void {
    this.pass = pass;
    try {
      body();
    } finally {
      this.pass = null;
    }
  }

  /** The matrices that adapters change, by name: what reads the base's matrix with its adapter added, one at a time. */
  merged(weights: ReadonlyMap<string, Tensor<ProductType>>): Map<string, () => Promise<Float32Array>> {
    return new Map(
      [...this.adapters.values()].map((adapter) => {
        const { weight } = adapter.module;
        return [weight, () => this.mergedMatrix(adapter, weights.get(weight)!)];
      }),
    );
  }

  dispose(): void {
    for (const { a, b } of this.adapters.values()) {
      a.dispose();
      b.dispose();
    }
  }

  private async mergedMatrix({ module, a, b, factor }: Adapter, weight: Tensor<ProductType>): Promise<Float32Array> {
    // W is [outputs, inputs] when transposed, as B A is; else [inputs, outputs], as A^T B^T.
    const [left, right] = module.transposed ? [b, a] : [await transpose(a), await transpose(b)];
    const sum = this.device.scope(() => {
      const sum = zeros(this.device, weight.shape);
      accumulate(sum, this.device.products.leave(weight));
      accumulate(sum, matmul(left, right), factor);
      return sum;
    });
    if (!module.transposed) for (const made of [left, right]) made.dispose();
    try {
      return await sum.read();
    } finally {
      sum.dispose();
    }
  }

  private drop(x: Tensor<ProductType>, { module }: Adapter): Tensor<ProductType> {
    const { dropout: rate, seed } = this.options;
    if (this.pass === null || rate === 0) return x;
    const { number, places } = this.pass;
    // A pass of training has a tape, and with it f32.
    return dropout(x as Tensor<'f32'>, { rate, seed, places, stream: number * MOST_MODULES + module.index });
  }
}

/** Above the number of linear layers of any model. */
const MOST_MODULES = 2 ** 16;

async function transpose(x: Tensor<'f32'>): Promise<Tensor<'f32'>> {
  const [rows, width] = x.shape as [number, number];
  const values = await x.read();
  const turned = values.map((_, i) => values[(i % rows) * width + Math.floor(i / rows)]!);
  return x.device.tensor(turned, [width, rows], 'f32');
}

/** The name that PEFT gives a matrix of the adapter of a module. */
export function adapterName(path: string, matrix: 'A' | 'B'): string {
  return `base_model.model.${path}.lora_${matrix}.weight`;
}

/** Of the path of a module what `targetModules` names. */
export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function checkOptions(options: LoraOptions, modules: readonly LinearModule[]): Required<LoraOptions> {
  const present = [...new Set(modules.map(({ name }) => lastPart(name)))];
  const { rank, alpha, dropout = 0, seed = 0, layers = null } = options;
  const { targetModules = DEFAULT_TARGETS.filter((target) => present.includes(target)) } = options;
  const check = (name: string, value: unknown, valid: boolean, expected: string) => {
    if (!valid) throw new UsageError('LORA_OPTION', `LoRA: ${name} must be ${expected}, not ${describeValue(value)}`);
  };
  for (const own of [{ rank, alpha }, ...(layers?.values() ?? [])]) {
    check('rank', own.rank, Number.isSafeInteger(own.rank) && own.rank >= 1, 'a whole number above 0');
    check('alpha', own.alpha, Number.isFinite(own.alpha) && own.alpha > 0, 'a number above 0');
  }
  for (const path of layers?.keys() ?? []) {
    check(
      'a path of layers',
      path,
      modules.some((module) => module.path === path),
      `as ${modules[0]!.path}`,
    );
  }
  check('dropout', dropout, dropout >= 0 && dropout < 1, 'in [0, 1)');
  check('seed', seed, Number.isSafeInteger(seed) && seed >= 0, 'a whole number >= 0');
  check('targetModules', targetModules, targetModules.length > 0, `some of ${present.join(', ')}`);
  for (const target of targetModules) {
    check('a target module', target, present.includes(target), `one of ${present.join(', ')}`);
  }
  return { rank, alpha, dropout, targetModules, seed, layers };
}

/** Uniform numbers in [0, 1) (Mulberry32, Tommy Ettinger, public domain). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

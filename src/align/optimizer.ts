import { DataError, describeValue, UsageError } from '../errors.js';
import { SafetensorsFile, type TensorEntry } from '../models/safetensors.js';
import { type WritableTensor, writable, writeSafetensors } from '../models/safetensors-writer.js';
import { TensorUploads } from '../models/tensor-uploads.js';
import type { TrainedParameters } from '../models/trained-parameters.js';
import { zeros } from '../tensor/ops/zeros.js';
import type { Tensor } from '../tensor/tensor.js';

/** Settings of AdamW (Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019), as PyTorch names and defaults them. */
export interface AdamWOptions {
  /** Learning rate. */
  lr: number;
  /** Decay of the two moments, each in [0, 1); default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Added to the root of the second moment; default 1e-8. */
  eps?: number;
  /** Every parameter shrinks by lr * weightDecay per step; default 0. */
  weightDecay?: number;
  /** The gradient is scaled down to this L2 norm over all parameters; default: never. */
  maxNorm?: number;
}

/** What one step of the optimizer did. */
export interface StepResult {
  /** L2 norm of the gradient over all parameters, before clipping. */
  gradientNorm: number;
  /** false: the norm was not finite, so weights and moments are as before. */
  applied: boolean;
}

/** What a training run asks of its optimizer; AdamW, alone or with its state spread over ranks, does it. */
export interface Optimizer {
  /** See `AdamW.stepAhead`. */
  stepAhead(options: { lr: number }): Promise<StepResult>;
  /** See `AdamW.save`; null for a rank that takes part in what another one writes. */
  save(path: string | null): Promise<void>;
  /** See `AdamW.load`. */
  load(path: string): Promise<void>;
  dispose(): void;
}

/** AdamW for the parameters of a model that train; `model.accumulateGradient` gives the gradients. */
export function adamW(model: { readonly trained: TrainedParameters }, options: AdamWOptions): AdamW {
  return new AdamW(model.trained, options);
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2), ascending: with the gradient g,
 *
 *     m = b1 m + (1 - b1) g      v = b2 v + (1 - b2) g^2
 *     p = (1 - lr decay) p + lr m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps)
 *
 * Weights and moments are f32 and change in place.
 */
export class AdamW implements Optimizer {
  readonly options: Readonly<Required<AdamWOptions>>;
  readonly #trained: TrainedParameters;
  readonly #moments: ReadonlyMap<string, { first: Tensor<'f32'>; second: Tensor<'f32'> }>;
  #steps = 0;
  #busy = false;

  /**
   * Use `adamW`.
   *
   * @param only names of the parameters that it changes, by the gradient of all, and has moments of; default: all
   */
  constructor(trained: TrainedParameters, options: AdamWOptions, only?: ReadonlySet<string>) {
    trained.requireSome();
    this.options = checkOptions(options);
    this.#trained = trained;
    const { device } = trained;
    // In a scope, which gives back what was made when there is not enough memory for the rest.
    const made = device.scope(() =>
      [...trained.tensors].flatMap(([name, { shape }]) => {
        if (only && !only.has(name)) return [];
        const zero = () => zeros(device, shape, `moments of ${name}`);
        return { name, first: zero(), second: zero() };
      }),
    );
    for (const { first, second } of made) for (const moment of [first, second]) device.keep(moment);
    this.#moments = new Map(made.map(({ name, ...moments }) => [name, moments]));
  }

  /** Steps taken so far; those that were not applied do not count. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * One step up the accumulated gradient, which is then cleared.
   *
   * @param options `lr` in place of the learning rate of the optimizer, for this step; `keep` keeps the gradient
   * @throws UsageError `NO_GRADIENT` when nothing was accumulated, `STEP_IN_PROGRESS` before the last step has resolved;
   *   NativeError when the computation of the gradient failed
   */
  async step({ lr = this.options.lr, keep = false }: { lr?: number; keep?: boolean } = {}): Promise<StepResult> {
    const squaredNorm = this.#begin(lr);
    try {
      // Waiting for the norm before the update is enqueued lets the weights survive a failure anywhere before it.
      const gradientNorm = Math.sqrt((await squaredNorm.read())[0]!);
      const applied = Number.isFinite(gradientNorm);
      if (applied) this.#update(lr, squaredNorm);
      if (!keep) this.#trained.clear();
      return { gradientNorm, applied };
    } finally {
      this.#busy = false;
      squaredNorm.dispose();
    }
  }

  /**
   * The same step, for which nobody waits: the update is enqueued at once, asks for the norm where it runs and changes nothing
   * where that is not finite or what it depends on has failed. The result comes with the next read (`Device.readWithNext`).
   *
   * @throws as `step`
   */
  async stepAhead({ lr = this.options.lr }: { lr?: number } = {}): Promise<StepResult> {
    const squaredNorm = this.#begin(lr);
    let applied = false;
    try {
      const norm = this.#trained.device.readWithNext(squaredNorm);
      this.#update(lr, squaredNorm);
      this.#trained.clear();
      const gradientNorm = Math.sqrt((await norm)[0]!);
      applied = Number.isFinite(gradientNorm);
      return { gradientNorm, applied };
    } finally {
      if (!applied) this.#steps--;
      this.#busy = false;
      squaredNorm.dispose();
    }
  }

  /** Writes moments and step count, from which `load` continues with the same bits. */
  async save(path: string | null): Promise<void> {
    if (path !== null) await writeState(path, writable(this.moments()), this.#steps);
  }

  /**
   * Takes over what `save` wrote for the same model, or of it the moments that this optimizer has.
   *
   * @throws DataError OPTIMIZER_STATE when it does not fit
   */
  async load(path: string): Promise<void> {
    const file = await SafetensorsFile.open(path);
    try {
      const expected = new Map<string, readonly number[]>([[STEPS, [1]]]);
      for (const [name, { shape }] of this.moments()) expected.set(name, shape);
      const entries = new Map<string, TensorEntry>();
      for (const [name, shape] of expected) {
        const entry = file.tensors.get(name);
        if (entry?.dtype !== 'F32' || String(entry.shape) !== String(shape)) {
          const got = entry ? `${entry.dtype} [${entry.shape}]` : 'nothing';
          const why = 'this is not the optimizer state of this model';
          throw new DataError(
            'OPTIMIZER_STATE',
            `${path}: tensor "${name}": expected F32 [${shape}], got ${got}: ${why}`,
          );
        }
        entries.set(name, entry);
      }
      const steps = new Float32Array((await file.read(entries.get(STEPS)!)).buffer);
      const uploads = new TensorUploads(this.#trained.device);
      for (const [name, tensor] of this.moments()) {
        const entry = entries.get(name)!;
        await uploads.fill(tensor, {
          dtype: 'F32',
          read: (offset, target) => file.readInto(entry, offset, target),
        });
      }
      this.#steps = steps[0]!;
    } finally {
      await file.close();
    }
  }

  /** Frees the moments. Idempotent. */
  dispose(): void {
    for (const tensor of this.moments().values()) tensor.dispose();
  }

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Enqueues the squared norm of the gradient. */
  #begin(lr: number): Tensor<'f64'> {
    checkNumber('lr', lr, lr >= 0);
    const trained = this.#trained;
    if (this.#busy) throw new UsageError('STEP_IN_PROGRESS', 'step: await the step before it first');
    if (!trained.hasGradients) throw new UsageError('NO_GRADIENT', 'step: call model.accumulateGradient first');
    const squaredNorm = trained.device.tensor(new Float64Array(1), [1], 'f64');
    const all = [...trained.gradients()];
    trained.device.run(
      'squared_sum',
      all.map(({ gradient }) => gradient),
      [squaredNorm],
      all.map(({ tensor }) => tensor.size),
    );
    this.#busy = true;
    return squaredNorm;
  }

  #update(lr: number, squaredNorm: Tensor<'f64'>): void {
    const { device } = this.#trained;
    const { betas, eps, weightDecay, maxNorm } = this.options;
    const all = [...this.#trained.gradients()].filter(({ name }) => this.#moments.has(name));
    const changed = all.flatMap(({ name, tensor }) => {
      const { first, second } = this.#moments.get(name)!;
      return [tensor, first, second];
    });
    const clip = maxNorm === Number.POSITIVE_INFINITY ? 0 : maxNorm;
    const ascend = 1;
    device.scope(() => {
      const applied = device.empty([1], 'i32');
      device.run(
        'adamw',
        [squaredNorm, ...all.map(({ gradient }) => gradient)],
        [...changed, applied],
        all.map(({ gradient }) => gradient.size),
        [lr, ...betas, eps, weightDecay, ++this.#steps, clip, ascend],
      );
    });
    this.#trained.version++;
  }

  /** The moments by their names in the file. */
  moments(): Map<string, Tensor<'f32'>> {
    return new Map(
      [...this.#moments].flatMap(([name, { first, second }]): [string, Tensor<'f32'>][] => {
        const names = momentNames(name);
        return [
          [names[0], first],
          [names[1], second],
        ];
      }),
    );
  }
}

/** What the moments of a parameter are called in the file. */
export function momentNames(parameter: string): [string, string] {
  return [`first_moment.${parameter}`, `second_moment.${parameter}`];
}

/** The tensor of an optimizer state that counts steps: exact in f32 up to 2^24. */
const STEPS = 'steps';

/** Writes what `AdamW.load` reads. */
export async function writeState(
  path: string,
  moments: ReadonlyMap<string, WritableTensor>,
  count: number,
): Promise<void> {
  const steps: WritableTensor = { dtype: 'F32', shape: [1], data: Float32Array.of(count) };
  await writeSafetensors(path, new Map([...moments, [STEPS, steps]]));
}

function checkOptions(options: AdamWOptions): Required<AdamWOptions> {
  const { lr, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, maxNorm = Number.POSITIVE_INFINITY } = options;
  checkNumber('lr', lr, lr >= 0);
  for (const beta of betas) checkNumber('betas', beta, beta >= 0 && beta < 1);
  checkNumber('eps', eps, eps >= 0);
  checkNumber('weightDecay', weightDecay, weightDecay >= 0);
  if (!(maxNorm > 0))
    throw new UsageError('OPTIMIZER_OPTION', `adamW: maxNorm must be above 0, not ${describeValue(maxNorm)}`);
  return { lr, betas, eps, weightDecay, maxNorm };
}

function checkNumber(name: string, value: number, valid: boolean): void {
  if (valid && Number.isFinite(value)) return;
  const range = name === 'betas' ? 'in [0, 1)' : '>= 0';
  throw new UsageError(
    'OPTIMIZER_OPTION',
    `adamW: ${name} must be a finite number ${range}, not ${describeValue(value)}`,
  );
}

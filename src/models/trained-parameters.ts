import { describeValue, UsageError } from '../errors.js';
import type { Device } from '../tensor/device.js';
import { clear, zeros } from '../tensor/ops/index.js';
import type { Tape } from '../tensor/tape.js';
import type { Tensor } from '../tensor/tensor.js';

/** The parameters of a model that train, by name, and their gradients: sums over all that was accumulated. */
export class TrainedParameters {
  /** Changes of the weights so far. */
  version = 0;
  /** Calls of `accumulateGradient` so far. */
  passes = 0;
  private readonly sums = new Map<string, Tensor<'f32'>>();
  private accumulated = false;

  /**
   * @param tensors those that train
   * @param frozen names of those that do not
   */
  constructor(
    readonly device: Device,
    readonly tensors: ReadonlyMap<string, Tensor<'f32'>>,
    private readonly frozen: readonly string[] = [],
  ) {}

  /** Whether anything was accumulated since the start or the last `clear`. */
  get hasGradients(): boolean {
    return this.accumulated;
  }

  /** Lets a tape add to the gradients. */
  watchOn(tape: Tape): void {
    this.makeSums();
    for (const [name, tensor] of this.tensors) tape.watch(tensor, this.sums.get(name)!);
  }

  /** `tape.backward` into the gradients. */
  backward(tape: Tape, ...given: Parameters<Tape['backward']>): void {
    this.accumulated = true;
    tape.backward(...given);
  }

  /** Every parameter with its gradient, in the order of the names; none before the first pass. */
  *gradients(): Iterable<{ name: string; tensor: Tensor<'f32'>; gradient: Tensor<'f32'> }> {
    for (const [name, gradient] of this.sums) yield { name, tensor: this.tensors.get(name)!, gradient };
  }

  /** The same of all parameters, as if zero had been accumulated; for who adds what others have accumulated. */
  begun(): ReturnType<TrainedParameters['gradients']> {
    this.makeSums();
    this.accumulated = true;
    return this.gradients();
  }

  /** @throws UsageError `FROZEN_PARAMETER`, `UNKNOWN_PARAMETER` */
  async gradient(name: string): Promise<Float32Array> {
    const tensor = this.tensors.get(name);
    if (!tensor) {
      throw this.frozen.includes(name)
        ? new UsageError('FROZEN_PARAMETER', `parameter "${name}" is frozen: it has no gradient`)
        : new UsageError(
            'UNKNOWN_PARAMETER',
            `the model has no parameter ${describeValue(name)}; parameterNames() lists them`,
          );
    }
    return (await this.sums.get(name)?.read()) ?? new Float32Array(tensor.size);
  }

  /** @throws UsageError `FROZEN_MODEL` where nothing trains */
  requireSome(): void {
    if (this.tensors.size > 0) return;
    const todo = 'load it without `frozen`, or give it adapters (addLora, loadAdapter)';
    throw new UsageError('FROZEN_MODEL', `the model was loaded with frozen weights, so nothing of it trains: ${todo}`);
  }

  /** Sets all gradients to zero. */
  clear(): void {
    for (const sum of this.sums.values()) clear(sum);
    this.accumulated = false;
  }

  /** Frees the gradients; the parameters are their model's. */
  dispose(): void {
    for (const sum of this.sums.values()) sum.dispose();
    this.sums.clear();
  }

  private makeSums(): void {
    this.requireSome();
    for (const [name, { shape }] of this.tensors) {
      if (this.sums.has(name)) continue;
      this.sums.set(name, this.device.keep(zeros(this.device, shape, `gradient of ${name}`)));
    }
  }
}

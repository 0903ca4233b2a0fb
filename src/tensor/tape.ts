import { UsageError } from '../errors.js';
import type { Device } from './device.js';
import { type GradientSink, Gradients } from './gradients.js';
import { expectSameShape } from './ops/check.js';
import type { Tensor } from './tensor.js';

/** One op that ran, as the tape remembers it. */
export interface TapeEntry {
  outputs: readonly Tensor<'f32'>[];
  inputs: readonly (Tensor | null)[];
  /** What `backward` reads: the tape keeps it alive until then. */
  saved: readonly (Tensor | null)[];
  /**
   * Gives the gradients of the inputs to `to`, from those of the outputs: null where nothing depends on that output; at
   * least one is given. They are read, or handed on as they are; never changed.
   */
  backward(gradients: (Tensor<'f32'> | null)[], to: GradientSink): void;
}

/**
 * Reverse-mode differentiation (Griewank and Walther 2008, chapter 3): while a tape records, every op that depends on a
 * watched tensor leaves an entry; `backward` goes through them in reverse. Used once:
 *
 *     const tape = new Tape(device);
 *     tape.watch(weight, gradient);                                  // gradient: zeros, or what earlier passes gave
 *     const { logProbs } = tape.record(() => network(input));
 *     tape.backward([[logProbs, coefficients]]);                     // gradient += d (coefficients . logProbs) / d weight
 *
 * Everything that the recorded function made belongs to the tape and ends with it: its result can be read before
 * `backward`. A watched tensor must not change in between.
 */
export class Tape {
  /** Whether `stage` keeps only its input and computes the rest again. */
  readonly checkpointing: boolean;
  readonly #device: Device;
  readonly #watched: Map<Tensor, Tensor<'f32'>>;
  readonly #tracked: Set<Tensor>;
  readonly #entries: TapeEntry[] = [];
  /** Tensors that end with the tape, and how many entries have still to read each. */
  readonly #owned = new Map<Tensor, number>();
  /** Scopes that were open before the recording began: their tensors are not the tape's. */
  #depth = 0;

  constructor(device: Device, { checkpointing = false, watched = new Map<Tensor, Tensor<'f32'>>() } = {}) {
    this.#device = device;
    this.checkpointing = checkpointing;
    this.#watched = watched;
    this.#tracked = new Set(watched.keys());
  }

  /** Lets `backward` add the gradient with respect to `tensor` to `gradient`, of the same shape. */
  watch(tensor: Tensor<'f32'>, gradient: Tensor<'f32'>): void {
    this.#watched.set(tensor, gradient);
    this.#tracked.add(tensor);
  }

  /** Runs a synchronous function and records its ops. Ends the tape when it throws. */
  record<T>(body: () => T): T {
    const { scopes } = this.#device;
    this.#depth = scopes.depth;
    try {
      const { result, made } = this.#device.withTape(this, () => scopes.collect(body));
      for (const tensor of made) this.#owned.set(tensor, 0);
      return result;
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** Called by every differentiable op, after it has run. */
  add(entry: TapeEntry): void {
    if (entry.inputs.some((input) => input !== null && this.#tracked.has(input))) this.#push(entry);
  }

  /** y = body(x), of which only x is kept; backward runs `body` again, with the same bits. */
  checkpoint(x: Tensor<'f32'>, body: (x: Tensor<'f32'>) => Tensor<'f32'>): Tensor<'f32'> {
    const device = this.#device;
    const y = device.withTape(null, () => device.scope(() => body(x)));
    const backward = ([dy]: (Tensor<'f32'> | null)[], to: GradientSink) => {
      const again = new Tape(device, { watched: this.#watched });
      if (to.needs(x)) again.#tracked.add(x);
      try {
        const sameY = again.record(() => device.scope(() => body(x)));
        const dx = again.#sweep([[sameY, dy!]]).take(x);
        if (dx) to.add(x, dx);
      } finally {
        again.dispose();
      }
    };
    this.#push({ outputs: [y], inputs: [x], saved: [x], backward });
    return y;
  }

  /**
   * Adds to the gradients of all watched tensors, given those of recorded results: pairs of a result and its gradient, of
   * one shape, which stays the caller's. Ends the tape, also when it throws.
   *
   * @param onFinal called with the gradient of a watched tensor once nothing more will be added to it, while the sweep goes on;
   *   never where the tape is checkpointing, whose stages tell only when they run again what they use
   * @throws UsageError `NOT_RECORDED` for a result that does not depend on a watched tensor
   */
  backward(
    seeds: readonly (readonly [result: Tensor<'f32'>, gradient: Tensor<'f32'>])[],
    onFinal?: (gradient: Tensor<'f32'>) => void,
  ): void {
    const onEntry = onFinal && !this.checkpointing ? this.#finals(onFinal) : undefined;
    try {
      this.#device.withTape(null, () => this.#device.scope(() => void this.#sweep(seeds, onEntry)));
    } finally {
      this.dispose();
    }
  }

  /** Frees everything that was recorded; `backward` does it by itself. Idempotent. */
  dispose(): void {
    this.#entries.length = 0;
    for (const tensor of this.#owned.keys()) tensor.dispose();
    this.#owned.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #sweep(seeds: readonly (readonly [Tensor<'f32'>, Tensor<'f32'>])[], onEntry?: (entry: TapeEntry) => void): Gradients {
    const gradients = new Gradients(this.#tracked, this.#watched);
    for (const [result, gradient] of seeds) {
      if (!this.#tracked.has(result)) {
        const why = 'it depends on no watched tensor, or was not computed inside tape.record()';
        throw new UsageError('NOT_RECORDED', `backward: the tape has no tensor of shape [${result.shape}]: ${why}`);
      }
      expectSameShape('backward', 'the result', result, 'its gradient', gradient);
      gradients.add(result, gradients.lend(gradient));
    }
    for (let entry = this.#entries.pop(); entry; entry = this.#entries.pop()) {
      const ofOutputs = entry.outputs.map((output) => gradients.take(output));
      if (ofOutputs.some((gradient) => gradient !== null)) entry.backward(ofOutputs, gradients);
      for (const gradient of ofOutputs) gradients.release(gradient);
      for (const tensor of entry.saved) this.#release(tensor);
      onEntry?.(entry);
    }
    return gradients;
  }

  /** Called with every entry that a sweep has done, tells of the watched tensors that no other one uses. */
  #finals(onFinal: (gradient: Tensor<'f32'>) => void): (entry: TapeEntry) => void {
    const uses = new Map<Tensor, number>();
    const watchedOf = ({ inputs }: TapeEntry) => inputs.filter((x) => x !== null).filter((x) => this.#watched.has(x));
    for (const x of this.#entries.flatMap(watchedOf)) uses.set(x, (uses.get(x) ?? 0) + 1);
    return (entry) => {
      for (const x of watchedOf(entry)) {
        uses.set(x, uses.get(x)! - 1);
        if (uses.get(x) === 0) onFinal(this.#watched.get(x)!);
      }
    };
  }

  #push(entry: TapeEntry): void {
    for (const output of entry.outputs) this.#tracked.add(output);
    for (const tensor of entry.saved) this.#hold(tensor);
    this.#entries.push(entry);
  }

  /** Takes over a tensor made during the recording; others (parameters, tables) have owners of their own. */
  #hold(tensor: Tensor | null): void {
    if (tensor === null) return;
    const isNew = this.#device.scopes.take(tensor, this.#depth);
    const readers = isNew ? 0 : this.#owned.get(tensor);
    if (readers !== undefined) this.#owned.set(tensor, readers + 1);
  }

  #release(tensor: Tensor | null): void {
    const readers = tensor === null ? undefined : this.#owned.get(tensor);
    if (readers === undefined) return;
    if (readers > 1) {
      this.#owned.set(tensor!, readers - 1);
    } else {
      this.#owned.delete(tensor!);
      tensor!.dispose();
    }
  }
}

/**
 * One stage of a chain of blocks: body(x), in a scope of its own, after which the caller has no use for x. Without a tape
 * x is freed; with one that is checkpointing, x is all that is kept.
 */
export function stage(x: Tensor<'f32'>, body: (x: Tensor<'f32'>) => Tensor<'f32'>): Tensor<'f32'> {
  const { tape } = x.device;
  if (tape?.checkpointing) return tape.checkpoint(x, body);
  const next = x.device.scope(() => body(x));
  if (tape === null) x.dispose();
  return next;
}

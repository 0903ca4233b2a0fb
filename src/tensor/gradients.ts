import { accumulate } from './ops/accumulate.js';
import { add } from './ops/add.js';
import { zeros } from './ops/zeros.js';
import type { Tensor } from './tensor.js';

/** Where the backward half of an op puts the gradients of its inputs. */
export interface GradientSink {
  /** Whether anything asked for the gradient of x, or of what it was computed from. */
  needs(x: Tensor | null): boolean;
  /** Adds `gradient`, of x's shape, to the gradient of x, and takes it over: it must not be used afterwards. */
  add(x: Tensor, gradient: Tensor<'f32'>): void;
  /** The gradient of x so far, of x's shape, for an op that adds to it in place; null when nobody needs it. */
  accumulator(x: Tensor | null): Tensor<'f32'> | null;
}

/**
 * The gradients under way in one backward sweep. One tensor may be the gradient of several values (an addition hands on
 * what it gets), so holders are counted: it is changed in place only by its one holder, and freed by the last.
 */
export class Gradients implements GradientSink {
  readonly #gradients = new Map<Tensor, Tensor<'f32'>>();
  readonly #holders = new Map<Tensor, number>();

  /**
   * @param tracked values whose gradient is needed
   * @param watched those of them whose gradient is added to a tensor of the caller's
   */
  constructor(
    private readonly tracked: ReadonlySet<Tensor>,
    private readonly watched: ReadonlyMap<Tensor, Tensor<'f32'>>,
  ) {}

  needs(x: Tensor | null): boolean {
    return x !== null && this.tracked.has(x);
  }

  add(x: Tensor, gradient: Tensor<'f32'>): void {
    const target = this.watched.get(x);
    const sum = this.#gradients.get(x);
    if (target) {
      accumulate(target, gradient);
    } else if (!this.tracked.has(x)) {
      // Computed beside a gradient that is needed, by an op that cannot leave it out.
    } else if (!sum) {
      this.#set(x, gradient);
    } else if (this.#holders.get(sum) === 1) {
      accumulate(sum, gradient);
    } else {
      this.#set(x, add(sum, gradient));
      this.release(sum);
    }
    if (!this.#holders.has(gradient)) gradient.dispose();
  }

  accumulator(x: Tensor | null): Tensor<'f32'> | null {
    if (x === null || !this.tracked.has(x)) return null;
    const sum = this.watched.get(x) ?? this.#gradients.get(x);
    if (sum && (this.watched.has(x) || this.#holders.get(sum) === 1)) return sum;
    const own = zeros(x.device, x.shape);
    this.#set(x, own);
    if (sum) {
      accumulate(own, sum);
      this.release(sum);
    }
    return own;
  }

  /** Lets a tensor of the caller's be added without being changed or freed. */
  lend(gradient: Tensor<'f32'>): Tensor<'f32'> {
    this.#hold(gradient);
    return gradient;
  }

  /** The finished gradient of x, if it has one; the caller holds it then, until `release`. */
  take(x: Tensor): Tensor<'f32'> | null {
    const gradient = this.#gradients.get(x) ?? null;
    this.#gradients.delete(x);
    return gradient;
  }

  /** One holder less; the last one frees the tensor. */
  release(gradient: Tensor<'f32'> | null): void {
    if (gradient === null) return;
    const holders = this.#holders.get(gradient)! - 1;
    if (holders > 0) {
      this.#holders.set(gradient, holders);
    } else {
      this.#holders.delete(gradient);
      gradient.dispose();
    }
  }

  #set(x: Tensor, gradient: Tensor<'f32'>): void {
    this.#gradients.set(x, gradient);
    this.#hold(gradient);
  }

  #hold(gradient: Tensor<'f32'>): void {
    this.#holders.set(gradient, (this.#holders.get(gradient) ?? 0) + 1);
  }
}

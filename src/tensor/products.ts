import { cast } from './ops/cast.js';
import { narrow } from './ops/narrow.js';
import type { Tensor } from './tensor.js';

/** What the factors of products are: `bf16` rounds them before they are multiplied; sums are always f32. */
export type ProductType = 'f32' | 'bf16';

export function isFloat(x: Tensor<ProductType>): x is Tensor<'f32'> {
  return x.dtype === 'f32';
}

/** The type as pope_dtype of native/include/pope.h. */
export function codeOf(type: ProductType): number {
  return type === 'bf16' ? 2 : 0;
}

/**
 * How a device multiplies matrices. What trains stays f32: weights are their own masters, and gradients and moments lose
 * nothing. In bf16 the factors are rounded as they enter a product, parameters once per change and other tensors each time, but
 * for what is bf16 already (frozen weights): the mixed precision of Micikevicius et al. (2018), with the range of bf16 instead of
 * a scaled loss.
 */
export class Products {
  /** Rounded copies of parameters; null where there is none at the moment. */
  readonly #copies = new Map<Tensor, Tensor<'bf16'> | null>();

  constructor(readonly type: ProductType) {}

  /** The type as pope_dtype of native/include/pope.h. */
  get code(): number {
    return codeOf(this.type);
  }

  /** Lets a tensor that seldom changes keep its rounded copy, until `changed`. */
  keepCopyOf(parameter: Tensor<'f32'>): void {
    if (this.type === 'bf16') this.#copies.set(parameter, null);
  }

  /** A tensor has been written, or goes away. */
  changed(tensor: Tensor): void {
    const copy = this.#copies.get(tensor);
    if (!copy) return;
    copy.dispose();
    this.#copies.set(tensor, null);
  }

  /** x as products take it. A kept copy belongs to no scope and is not the caller's to dispose. */
  enter(x: Tensor<ProductType>): Tensor<ProductType> {
    if (this.type === 'f32' || !isFloat(x)) return x;
    const copy = this.#copies.get(x);
    if (copy) return copy;
    const rounded = narrow(x);
    // A program's copy is made anew at every run, for what it belongs to may change.
    if (copy === null && !x.device.recording) this.#copies.set(x, x.device.keep(rounded));
    return rounded;
  }

  /** The f32 tensor of a result of that type. */
  leave(x: Tensor<ProductType>): Tensor<'f32'> {
    return x.dtype === 'bf16' ? cast(x as Tensor<'bf16'>) : (x as Tensor<'f32'>);
  }

  /** Runs an op whose first two inputs are the factors of a product, and whose last dim is their dtype. */
  run(
    op: string,
    factors: readonly [Tensor<ProductType>, Tensor<ProductType>],
    others: readonly (Tensor | null)[],
    outputs: readonly (Tensor | null)[],
    dims: readonly number[],
    scalars: readonly number[] = [],
  ): void {
    const { device } = factors[0];
    device.scope(() => {
      const entered = factors.map((factor) => this.enter(factor));
      device.run(op, [...entered, ...others], outputs, [...dims, this.code], scalars);
    });
  }
}

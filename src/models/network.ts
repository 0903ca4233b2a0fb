import type { AttentionOptions } from '../tensor/ops/index.js';
import type { ProductType } from '../tensor/products.js';
import type { Tensor } from '../tensor/tensor.js';

/**
 * How rows attend in one layer: to each other, or to what a cache keeps of earlier ones. q, k and v as for `attention`; the
 * result is to be multiplied and nothing else.
 */
export type Attend = (
  layer: number,
  q: Tensor<'f32'>,
  k: Tensor<'f32'>,
  v: Tensor<'f32'>,
  options: AttentionOptions,
) => Tensor<ProductType>;

/** The rows of a batch on the device (packing.ts lays them out). */
export interface NetworkInput {
  /** i32 [rows] */
  ids: Tensor<'i32'>;
  /** i32 [rows] */
  positions: Tensor<'i32'>;
  attend: Attend;
  /** Rotary tables f32 [table, rotary / 2] and the row of each position in them, i32 [rows]; null without rotary embedding. */
  rope: { cos: Tensor<'f32'>; sin: Tensor<'f32'>; rows: Tensor<'i32'> } | null;
}

/** A decoder without its head, as a composition of ops that change none of their inputs. */
export interface Network {
  /** Hidden states after the last norm, f32 [rows, width]. */
  forward(input: NetworkInput): Tensor<'f32'>;
  /** Matrix of the head, f32 or bf16 [vocabulary, width]. */
  readonly head: Tensor<ProductType>;
}

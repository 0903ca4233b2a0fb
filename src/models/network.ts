import type { Tensor } from '../tensor/tensor.js';

/** The rows of a batch on the device (packing.ts lays them out). */
export interface NetworkInput {
  /** i32 [rows] */
  ids: Tensor<'i32'>;
  /** i32 [rows] */
  positions: Tensor<'i32'>;
  /** i32 [segments, 4], docs/native-ops.md */
  segments: Tensor<'i32'>;
  /** Rotary tables f32 [table, rotary / 2] and the row of each position in them, i32 [rows]; null without rotary embedding. */
  rope: { cos: Tensor<'f32'>; sin: Tensor<'f32'>; rows: Tensor<'i32'> } | null;
}

/** A decoder without its head, as a composition of ops that change none of their inputs. */
export interface Network {
  /** Hidden states after the last norm, f32 [rows, width]. */
  forward(input: NetworkInput): Tensor<'f32'>;
  /** Matrix of the head, f32 [vocabulary, width]. */
  readonly head: Tensor<'f32'>;
}

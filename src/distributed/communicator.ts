import type { Tensor } from '../tensor/tensor.js';

/**
 * The ranks of one run, as one of them sees the others: `size` processes, each started with the same arguments.
 *
 * Every rank must call the same methods in the same order with the same sizes: the n-th call of one meets the n-th call of
 * the others, whichever method it is. A method without a promise is enqueued like an op: it returns at once, happens after the
 * work that made its tensors and before what uses them next, and other work of the device goes on meanwhile. If it fails, those
 * who read its outputs learn why. A rank whose input has failed sends NaN in its place, so that no other takes it for a number.
 *
 * All tensors are f32. Sums of two ranks do not depend on who adds; those of more may differ in their last bits from run
 * to run and from one method to another.
 */
export interface Communicator {
  /** Of this process, from 0. */
  readonly rank: number;
  /** How many ranks there are. */
  readonly size: number;

  /** Replaces the tensor, in every rank, by the sum over the ranks. */
  allReduce(tensor: Tensor<'f32'>): void;
  /** `output` becomes this rank's slice, [rank * n, (rank + 1) * n), of the sum of the inputs, which have size * n elements. */
  reduceScatter(input: Tensor<'f32'>, output: Tensor<'f32'>): void;
  /** `output`, of size * n elements, becomes the inputs of all ranks, of n elements each, in the order of ranks. */
  allGather(input: Tensor<'f32'>, output: Tensor<'f32'>): void;
  /** Replaces the tensor by that of the rank `root`. */
  broadcast(tensor: Tensor<'f32'>, root: number): void;

  /** Numbers of the host, of every rank in the order of ranks; lengths may differ. */
  gather(values: Float64Array): Promise<Float64Array[]>;
  /** Resolves when every rank has called it. */
  barrier(): Promise<void>;

  /**
   * Writes the reason to standard error and ends this process and, as far as the launcher allows, every other rank: the
   * others may be waiting for a call that will not come. Never returns; never clean.
   */
  abort(reason: string): never;
  /** The orderly end, in every rank: waits for all ranks. */
  close(): Promise<void>;
}

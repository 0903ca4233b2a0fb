import { writeSync } from 'node:fs';
import type { NativeCommunicator } from '../native/addon.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Communicator } from './communicator.js';
import { watch } from './watchdog.js';

/** A communicator over a library: MPI for tensors of a CPU, NCCL for those of a GPU. */
export class LibraryCommunicator implements Communicator {
  readonly rank: number;
  readonly size: number;
  /** Its name and version, for people. */
  readonly library: string;
  readonly #native: NativeCommunicator;
  readonly #unwatch: () => void;

  /**
   * @param native an open one
   * @param patience seconds that a call may take without getting on before the run is aborted
   */
  constructor(
    native: NativeCommunicator,
    { rank, size, library }: { rank: number; size: number; library: string },
    patience: number,
  ) {
    this.rank = rank;
    this.size = size;
    this.library = library;
    this.#native = native;
    this.#unwatch = watch(native, patience, ({ what, number }) =>
      this.abort(
        `${what}, call ${number}, has not got on for ${patience} s: another rank hangs, has ended, or takes that long ` +
          'before it makes the same call. All ranks are ended; start them again to resume',
      ),
    );
  }

  allReduce(tensor: Tensor<'f32'>): void {
    tensor.device.exchange(this.#native, 'allReduce', tensor, tensor);
  }

  reduceScatter(input: Tensor<'f32'>, output: Tensor<'f32'>): void {
    output.device.exchange(this.#native, 'reduceScatter', input, output);
  }

  allGather(input: Tensor<'f32'>, output: Tensor<'f32'>): void {
    output.device.exchange(this.#native, 'allGather', input, output);
  }

  broadcast(tensor: Tensor<'f32'>, root: number): void {
    tensor.device.exchange(this.#native, 'broadcast', tensor, tensor, root);
  }

  gather(values: Float64Array): Promise<Float64Array[]> {
    return this.#native.gather(values);
  }

  async barrier(): Promise<void> {
    await this.gather(new Float64Array());
  }

  abort(reason: string): never {
    writeSync(2, `pope: rank ${this.rank} of ${this.size}: ${reason}\n`);
    this.#native.abort(1);
    throw new Error('unreachable: the process has been killed');
  }

  async close(): Promise<void> {
    await this.#native.close();
    this.#unwatch();
  }
}

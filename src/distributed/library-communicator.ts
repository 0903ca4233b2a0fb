import { writeSync } from 'node:fs';
import type { NativeCommunicator } from '../native/addon.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Communicator } from './communicator.js';
import { watch } from './watchdog.js';

/** One rank's end of a library, which lets it reach the others. */
export interface OpenLibrary {
  native: NativeCommunicator;
  rank: number;
  size: number;
  /** Name and version, for people. */
  library: string;
}

/** A communicator over libraries: MPI for tensors of a CPU, NCCL for those of a GPU; either for numbers of the host. */
export class LibraryCommunicator implements Communicator {
  readonly rank: number;
  readonly size: number;
  readonly library: string;
  readonly #tensors: NativeCommunicator;
  readonly #host: NativeCommunicator;
  readonly #watches: (() => void)[];

  /** @param patience seconds that a call may take without getting on before the run is aborted */
  constructor(tensors: OpenLibrary, host: OpenLibrary, patience: number) {
    this.rank = tensors.rank;
    this.size = tensors.size;
    this.library = tensors.library;
    this.#tensors = tensors.native;
    this.#host = host.native;
    this.#watches = this.#both().map((native) =>
      watch(native, patience, ({ what, number }) =>
        this.abort(
          `${what}, call ${number}, has not got on for ${patience} s: another rank hangs, has ended, or takes that long ` +
            'before it makes the same call. All ranks are ended; start them again to resume',
        ),
      ),
    );
  }

  allReduce(tensor: Tensor<'f32'>): void {
    tensor.device.exchange(this.#tensors, 'allReduce', tensor, tensor);
  }

  reduceScatter(input: Tensor<'f32'>, output: Tensor<'f32'>): void {
    output.device.exchange(this.#tensors, 'reduceScatter', input, output);
  }

  allGather(input: Tensor<'f32'>, output: Tensor<'f32'>): void {
    output.device.exchange(this.#tensors, 'allGather', input, output);
  }

  broadcast(tensor: Tensor<'f32'>, root: number): void {
    tensor.device.exchange(this.#tensors, 'broadcast', tensor, tensor, root);
  }

  gather(values: Float64Array): Promise<Float64Array[]> {
    return this.#host.gather(values);
  }

  async barrier(): Promise<void> {
    await this.gather(new Float64Array());
  }

  abort(reason: string): never {
    writeSync(2, `pope: rank ${this.rank} of ${this.size}: ${reason}\n`);
    this.#host.abort(1);
    throw new Error('unreachable: the process has been killed');
  }

  async close(): Promise<void> {
    for (const native of this.#both()) await native.close();
    for (const unwatch of this.#watches) unwatch();
  }

  #both(): NativeCommunicator[] {
    return this.#host === this.#tensors ? [this.#host] : [this.#tensors, this.#host];
  }
}

import type { TrainedParameters } from '../models/trained-parameters.js';
import type { Device } from '../tensor/device.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Communicator } from './communicator.js';

/**
 * Sums the gradients of a step over the ranks, while the backward pass goes on. All ranks sum in the same order, that in which
 * a backward pass comes by the parameters: from the last to the first.
 */
export class GradientSum {
  readonly #device: Device;
  readonly #communicator: Communicator;
  /** Not yet summed, the next one last. */
  readonly #waiting: Tensor<'f32'>[];
  readonly #final = new Set<Tensor<'f32'>>();

  /** Before the last pass of the step. */
  constructor(trained: TrainedParameters, communicator: Communicator) {
    this.#device = trained.device;
    this.#communicator = communicator;
    this.#waiting = [...trained.begun()].map(({ gradient }) => gradient);
  }

  /** Takes a gradient to which this rank adds nothing more. */
  add(gradient: Tensor<'f32'>): void {
    this.#final.add(gradient);
    while (this.#waiting.length > 0 && this.#final.has(this.#waiting.at(-1)!)) this.#sumNext();
  }

  /** Takes all others. */
  async finish(): Promise<void> {
    while (this.#waiting.length > 0) this.#sumNext();
    await this.#device.ready();
  }

  #sumNext(): void {
    this.#communicator.allReduce(this.#waiting.pop()!);
  }
}

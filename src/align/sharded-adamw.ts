import type { Communicator } from '../distributed/communicator.js';
import type { WritableTensor } from '../models/safetensors-writer.js';
import type { TrainedParameters } from '../models/trained-parameters.js';
import type { Tensor } from '../tensor/tensor.js';
import { AdamW, type AdamWOptions, momentNames, type Optimizer, type StepResult, writeState } from './optimizer.js';
import { ownersOf } from './owners.js';

/**
 * AdamW whose moments are spread over the ranks of a run (the first stage of Rajbhandari et al., "ZeRO: memory optimizations
 * toward training trillion parameter models", SC 2020): every parameter belongs to one rank, which alone has its moments,
 * changes it by the gradient that all ranks have, and sends it to the others. Weights and files are those of AdamW.
 */
export class ShardedAdamW implements Optimizer {
  readonly #trained: TrainedParameters;
  readonly #communicator: Communicator;
  readonly #owners: ReadonlyMap<string, number>;
  readonly #own: AdamW;

  constructor(trained: TrainedParameters, options: AdamWOptions, communicator: Communicator) {
    this.#trained = trained;
    this.#communicator = communicator;
    this.#owners = ownersOf(trained, communicator.size);
    const own = [...this.#owners].filter(([, owner]) => owner === communicator.rank);
    this.#own = new AdamW(trained, options, new Set(own.map(([name]) => name)));
  }

  /** See `AdamW.stepAhead`; the gradient has to be the sum over the ranks. */
  stepAhead(options: { lr: number }): Promise<StepResult> {
    const result = this.#own.stepAhead(options);
    for (const [name, tensor] of this.#trained.tensors) {
      this.#communicator.broadcast(tensor, this.#owners.get(name)!);
    }
    return result;
  }

  /** Every rank takes part; who has a path writes. */
  async save(path: string | null): Promise<void> {
    const own = this.#own.moments();
    const all = new Map<string, WritableTensor & { data: () => Promise<Float32Array> }>();
    for (const [parameter, { shape }] of this.#trained.tensors) {
      const owner = this.#owners.get(parameter)!;
      for (const name of momentNames(parameter)) {
        const data = () => this.#fetch(own.get(name) ?? null, shape, owner);
        all.set(name, { dtype: 'F32', shape, data });
      }
    }
    if (path !== null) return writeState(path, all, this.#own.steps);
    for (const { data } of all.values()) await data();
  }

  load(path: string): Promise<void> {
    return this.#own.load(path);
  }

  dispose(): void {
    this.#own.dispose();
  }

  /** The moment of the rank that owns it. */
  async #fetch(own: Tensor<'f32'> | null, shape: readonly number[], owner: number): Promise<Float32Array> {
    const { device } = this.#trained;
    const moment = own ?? device.empty(shape);
    try {
      this.#communicator.broadcast(moment, owner);
      return await moment.read();
    } finally {
      if (own === null) moment.dispose();
    }
  }
}

import { advance, type DecodeHistory, type DecodeRows, gatherRows, matmul, sample } from '../tensor/ops/index.js';
import type { Program } from '../tensor/program.js';
import type { Tensor } from '../tensor/tensor.js';
import { counters, type Drawn, rowsTogether, type Sampling } from './draw-tokens.js';
import type { NewestRows, Sequence } from './generation-sequences.js';
import type { Runner } from './score-batch.js';

export interface DecodeOptions {
  sampling: Sampling;
  /** Tokens that end a sequence. */
  stop: readonly number[];
  /** Most steps between two reads. */
  steps: number;
}

/**
 * Steps that each run the newest token of some sequences and draw the next, as a program: the rows move on on the device,
 * so that a step is one call whatever the model's depth, and many steps go by before the host looks. A sequence that ends is
 * run on as it is, for nothing, until others take over.
 */
export class DecodeSteps {
  /** Sequences by row. */
  readonly of: readonly Sequence[];
  readonly #steps: number;
  readonly #history: DecodeHistory;
  readonly #program: Program;
  /** What the program reads and moves on. */
  readonly #own: Tensor[] = [];

  constructor(runner: Runner, newest: NewestRows, { sampling, stop, steps }: DecodeOptions) {
    const { device, network } = runner;
    const { of, input, cacheRows, spans, attend } = newest;
    const size = of.length;
    const array = (values: readonly number[] | Int32Array, shape = [values.length]) =>
      this.#keep(device.tensor(Int32Array.from(values), shape, 'i32'));
    this.of = of;
    this.#steps = steps;
    const rows: DecodeRows = {
      ids: this.#keep(input.ids),
      positions: this.#keep(input.positions),
      tableRows: input.rope && this.#keep(input.rope.rows),
      cacheRows: this.#keep(cacheRows),
      spans: this.#keep(spans),
      left: array(of.map(({ limit, ids }) => limit - ids.length)),
    };
    this.#history = {
      ids: array(new Int32Array(steps * size), [steps, size]),
      logProbs: this.#keep(device.tensor(new Float32Array(steps * size), [steps, size], 'f32')),
    };
    const stops = array(stop);
    const together = rowsTogether(runner);
    const parts = Array.from({ length: Math.ceil(size / together) }, (_, i) => {
      const first = i * together;
      const some = of.slice(first, first + together);
      const index = array(some.map((_, j) => first + j));
      return { first, index, counters: array(counters(some), [some.length, 3]) };
    });
    this.#program = device.record(() => {
      const hidden = network.forward({ ...input, attend });
      for (const { first, index, counters } of parts) {
        const logits = matmul(gatherRows(hidden, index), network.head, { transposed: true });
        advance(rows, this.#history, { first, counters, ...sample(logits, counters, sampling) }, stops);
      }
    });
  }

  /** Runs so many steps, at most those between two reads, and reads what they drew for the sequences that had not ended. */
  async draw(count: number): Promise<Drawn[][]> {
    const begin = this.of.find(({ finish }) => finish === null)!.ids.length;
    for (let i = 0; i < count; i++) this.#program.run();
    const [ids, logProbs] = await Promise.all([this.#history.ids.read(), this.#history.logProbs.read()]);
    return Array.from({ length: count }, (_, i) => {
      const place = ((begin + i) % this.#steps) * this.of.length;
      return this.of.map((sequence, row) => ({ sequence, token: ids[place + row]!, logProb: logProbs[place + row]! }));
    });
  }

  dispose(): void {
    this.#program.dispose();
    for (const tensor of this.#own) tensor.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #keep<T extends Tensor>(tensor: T): T {
    this.#own.push(tensor);
    return tensor;
  }
}

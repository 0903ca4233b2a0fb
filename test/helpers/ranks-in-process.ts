import type { Communicator } from '../../src/distributed/communicator.js';
import type { Device } from '../../src/tensor/device.js';
import type { Tensor } from '../../src/tensor/tensor.js';

/** What the ranks bring to the n-th call. */
interface Meeting {
  brought: Float64Array[] | Float32Array[];
  missing: number;
  everybody: Promise<void>;
  open: () => void;
}

/**
 * Ranks that are promises of one process, each with a device of its own: slow and obvious, through the host. It relies on
 * `ready` or a read of the device being awaited between a call and the next use of its tensors.
 */
export function ranksInProcess(size: number): Communicator[] {
  const meetings: Meeting[] = [];
  const meetingAt = (index: number): Meeting => {
    if (!meetings[index]) {
      let open = () => {};
      const everybody = new Promise<void>((resolve) => {
        open = resolve;
      });
      meetings[index] = { brought: [], missing: size, everybody, open };
    }
    return meetings[index];
  };
  return Array.from({ length: size }, (_, rank) => new RankInProcess(rank, size, meetingAt));
}

class RankInProcess implements Communicator {
  #calls = 0;
  #pending: Promise<unknown> = Promise.resolve();
  readonly #devices = new Set<Device>();

  constructor(
    readonly rank: number,
    readonly size: number,
    private readonly meetingAt: (index: number) => Meeting,
  ) {}

  allReduce(tensor: Tensor<'f32'>): void {
    this.#exchange(tensor, tensor, (all) => all.reduce((sum, each) => sum.map((x, i) => x + each[i]!)));
  }

  reduceScatter(input: Tensor<'f32'>, output: Tensor<'f32'>): void {
    this.#exchange(input, output, (all) =>
      all
        .reduce((sum, each) => sum.map((x, i) => x + each[i]!))
        .slice(this.rank * output.size, (this.rank + 1) * output.size),
    );
  }

  allGather(input: Tensor<'f32'>, output: Tensor<'f32'>): void {
    this.#exchange(input, output, (all) => Float32Array.from(all.flatMap((each) => [...each])));
  }

  broadcast(tensor: Tensor<'f32'>, root: number): void {
    this.#exchange(tensor, tensor, (all) => all[root]!);
  }

  gather(values: Float64Array): Promise<Float64Array[]> {
    return this.#meet(values) as Promise<Float64Array[]>;
  }

  async barrier(): Promise<void> {
    await this.#meet(new Float64Array(0));
  }

  abort(reason: string): never {
    throw new Error(reason);
  }

  close(): Promise<void> {
    return this.barrier();
  }

  async #meet<T extends Float32Array | Float64Array>(mine: T | Promise<T>): Promise<T[]> {
    const meeting = this.meetingAt(this.#calls++);
    meeting.brought[this.rank] = (await mine) as never;
    if (--meeting.missing === 0) meeting.open();
    await meeting.everybody;
    return meeting.brought as T[];
  }

  #exchange(input: Tensor<'f32'>, output: Tensor<'f32'>, of: (all: Float32Array[]) => Float32Array): void {
    const { device } = input;
    this.#holdUp(device);
    const values = device.readWithNext(input);
    void Object.getPrototypeOf(device).flushReads.call(device);
    const done = this.#meet(values).then((all) => device.write(output, of(all)));
    this.#pending = Promise.all([this.#pending, done]);
  }

  /** Lets everybody who waits for the device wait for what is under way here too. */
  #holdUp(device: Device): void {
    if (this.#devices.has(device)) return;
    this.#devices.add(device);
    for (const method of ['ready', 'flushReads'] as const) {
      const original = device[method].bind(device);
      device[method] = async () => {
        await this.#pending;
        await original();
      };
    }
  }
}

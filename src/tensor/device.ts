import { describeValue, NativeError, UsageError } from '../errors.js';
import type { HostArray, MemoryStats, NativeCommunicator, NativeQueue } from '../native/addon.js';
import { loadCudaAddon, prefersCuda } from '../native/cuda.js';
import { loadAddon } from '../native/loader.js';
import { CallSites } from './call-sites.js';
import { hostArray } from './host-array.js';
import { explainMemory } from './out-of-memory.js';
import { Products, type ProductType } from './products.js';
import { Program } from './program.js';
import { Scopes } from './scopes.js';
import type { Tape } from './tape.js';
import { type DType, dtypes, elementCount, type HostArrayOf, Tensor } from './tensor.js';

export type DeviceKind = 'cpu' | 'cuda';

/** What `auto` is here: the GPU when it works and has a kernel for every op, else the CPU. */
export function chosenDevice(kind: DeviceKind | 'auto'): DeviceKind {
  if (kind === 'auto') return prefersCuda() ? 'cuda' : 'cpu';
  return kind;
}

/** Ops that may be enqueued before `ready()` waits. */
const maximumPending = 512;

/**
 * A device is an in-order queue of operations with a thread of its own. Everything returns at once except `read`, `ready`
 * and `close`: an op's sizes are checked and its outputs exist when `run` returns, the work follows in order. Each opened
 * device has its own queue and memory; it belongs to the thread (main or worker) that opened it.
 */
export class Device {
  readonly kind: DeviceKind;
  /** It checks sizes and counts memory, but has none and does no work; what is read from it is zeros. */
  readonly dry: boolean;
  /** How it multiplies matrices. */
  readonly products: Products;
  readonly #queue: NativeQueue;
  /** For `scope`, `keep` and tapes. */
  readonly scopes = new Scopes();
  readonly #callSites = new CallSites(2 * maximumPending);
  #tape: Tape | null = null;
  #recording = false;
  #closing: Promise<void> | undefined;
  /** What the next read brings too. */
  readonly #waiting: {
    tensor: Tensor;
    destination: HostArray;
    resolve: () => void;
    reject: (error: unknown) => void;
  }[] = [];

  private constructor(
    kind: DeviceKind,
    queue: NativeQueue,
    { products, dry }: { products: ProductType; dry: boolean },
  ) {
    this.kind = kind;
    this.dry = dry;
    this.products = new Products(products);
    this.#queue = queue;
  }

  /**
   * Opens a device; `auto` is `chosenDevice`. Naming one that does not work is an `UnavailableError` that says why
   * (DEVICE_UNAVAILABLE, or NATIVE_UNAVAILABLE when no native binary can be loaded at all).
   *
   * @param options.products in what matrices are multiplied; default `f32`
   * @param options.dry one that only counts, as that device would (`dry` above): for what a run would take
   */
  static open(
    kind: DeviceKind | 'auto' = 'auto',
    { products = 'f32', dry = false }: { products?: ProductType; dry?: boolean } = {},
  ): Device {
    if (kind !== 'cpu' && kind !== 'cuda' && kind !== 'auto') {
      throw new UsageError('DEVICE', `a device is auto, cpu or cuda, not ${describeValue(kind)}`);
    }
    const chosen = chosenDevice(kind);
    const addon = chosen === 'cuda' ? loadCudaAddon() : loadAddon();
    const queue = addon.createQueue({ maximumPending, device: dry ? 'dry' : chosen });
    return new Device(chosen, queue, { products, dry });
  }

  /**
   * A tensor with the given values. The dtype follows from the array's kind (numbers become f32); a Uint16Array needs it
   * named (f16 or bf16), and a Uint8Array may hold the raw little-endian bytes of any dtype. Arrays above 1 MiB are read
   * when the queue gets there: leave them unchanged until a later `read` has resolved.
   */
  tensor(data: HostArray | readonly number[], shape: readonly number[]): Tensor<'f32'>;
  tensor<D extends DType>(data: HostArray | readonly number[], shape: readonly number[], dtype: D): Tensor<D>;
  tensor(data: HostArray | readonly number[], shape: readonly number[], dtype?: DType): Tensor {
    const { array, type } = hostArray(data, dtype);
    const bytes = elementCount(shape) * dtypes[type].bytes;
    if (array.byteLength !== bytes) {
      throw new UsageError(
        'SHAPE',
        `a ${type} tensor of shape [${shape}] has ${bytes} bytes, but ${array.byteLength} were given`,
      );
    }
    const tensor = this.empty(shape, type);
    this.#queue.write(tensor.buffer, array);
    return tensor;
  }

  /** Replaces all values of a tensor. Arrays above 1 MiB are read when the queue gets there, as for `tensor`. */
  write(tensor: Tensor, data: HostArray): void {
    this.#queue.write(tensor.buffer, data);
    this.products.changed(tensor);
  }

  /** Replaces the values of a tensor from element `first` on, as many as are given. */
  writePart(tensor: Tensor, first: number, data: HostArray): void {
    this.#queue.write(tensor.buffer, data, first * dtypes[tensor.dtype].bytes);
    this.products.changed(tensor);
  }

  /** Resolves when arrays that were given to `tensor`, `write` or `writePart` so far may be changed. */
  passed(): Promise<void> {
    return this.#queue.passed();
  }

  /** A tensor whose elements are undefined until an op writes them. Throws `NativeError` OUT_OF_MEMORY. */
  empty(shape: readonly number[]): Tensor<'f32'>;
  empty<D extends DType>(shape: readonly number[], dtype: D): Tensor<D>;
  empty(shape: readonly number[], dtype: DType = 'f32'): Tensor {
    if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
      throw new UsageError('SHAPE', `a shape is whole numbers >= 0, not [${shape}]`);
    }
    try {
      const buffer = this.#queue.allocate(elementCount(shape) * dtypes[dtype].bytes);
      const tensor = new Tensor(this, buffer, [...shape], dtype);
      this.scopes.add(tensor);
      return tensor;
    } catch (error) {
      throw explainMemory(error, { who: `${dtype} [${shape}]` });
    }
  }

  /** The same for the result of an op, which a lack of memory then names. */
  result(op: string, shape: readonly number[]): Tensor<'f32'>;
  result<D extends DType>(op: string, shape: readonly number[], dtype: D): Tensor<D>;
  result(op: string, shape: readonly number[], dtype: DType = 'f32'): Tensor {
    try {
      return this.empty(shape, dtype);
    } catch (error) {
      throw explainMemory(error, { who: op });
    }
  }

  /**
   * Enqueues an op of docs/native-ops.md; null stands for an optional array that is not given. Throws `NativeError` SHAPE or
   * INVALID_ARGUMENT when arrays and dims contradict each other; a failure of the work itself reaches whoever reads.
   */
  run(
    op: string,
    inputs: readonly (Tensor | null)[],
    outputs: readonly (Tensor | null)[],
    dims: readonly number[],
    scalars: readonly number[] = [],
  ): void {
    const buffer = (tensor: Tensor | null) => (tensor === null ? null : tensor.buffer);
    const sequence = this.#queue.run(op, inputs.map(buffer), outputs.map(buffer), dims, scalars);
    if (!this.#recording) this.#callSites.remember(sequence, this.run);
    for (const output of outputs) if (output !== null) this.products.changed(output);
  }

  /** Enqueues what crosses between ranks; communicators of src/distributed are the usual way. A dry device sends nothing. */
  exchange(
    communicator: NativeCommunicator,
    collective: Parameters<NativeQueue['exchange']>[1],
    input: Tensor<'f32'>,
    output: Tensor<'f32'>,
    root = 0,
  ): void {
    if (this.dry) return;
    const sequence = this.#queue.exchange(communicator, collective, input.buffer, output.buffer, root);
    this.#callSites.remember(sequence, this.exchange);
    this.products.changed(output);
  }

  /**
   * Records the ops of a synchronous function instead of running them. Tensors that they use must outlive the program; those
   * made inside are its own. Values come to the device before, and are read after: neither is an op.
   */
  record(body: () => void): Program {
    this.#recording = true;
    try {
      const native = this.#queue.record(() => this.scope(body));
      return new Program(native, (program) => {
        this.#callSites.remember(this.#queue.runProgram(program), Program.prototype.run);
      });
    } finally {
      this.#recording = false;
    }
  }

  /** Whether ops are being recorded for a program. */
  get recording(): boolean {
    return this.#recording;
  }

  /** Copies a whole tensor into a host array; `tensor.read()` is the usual way. */
  read(tensor: Tensor, destination: HostArray): Promise<void> {
    const done = this.#readWithNext(tensor, destination);
    void this.flushReads();
    return done;
  }

  /** The values of several tensors, for which the host waits once. They fail together. */
  readAll<D extends DType>(tensors: readonly Tensor<D>[]): Promise<HostArrayOf<D>[]> {
    const reads = tensors.map((tensor) => this.readWithNext(tensor));
    void this.flushReads();
    return Promise.all(reads);
  }

  /**
   * The values of a tensor, read together with what is read next, so that the host waits once for both; `flushReads` waits for
   * it alone. All that is read together fails together. The tensor must live until then.
   */
  async readWithNext<D extends DType>(tensor: Tensor<D>): Promise<HostArrayOf<D>> {
    const values = tensor.hostArray();
    await this.#readWithNext(tensor, values as HostArray);
    return values;
  }

  /** Reads what waits for the next read. */
  async flushReads(): Promise<void> {
    const waiting = this.#waiting.splice(0);
    if (waiting.length === 0) return;
    try {
      await this.#queue.readAll(
        waiting.map(({ tensor }) => tensor.buffer),
        waiting.map(({ destination }) => destination),
      );
      for (const { resolve } of waiting) resolve();
    } catch (error) {
      if (error instanceof NativeError) this.#blame(error);
      for (const { reject } of waiting) reject(error);
    }
  }

  #readWithNext(tensor: Tensor, destination: HostArray): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ tensor, destination, resolve, reject }));
  }

  /** Waits while too many ops are pending. Await it once per batch: it bounds the queue without stopping it. */
  ready(): Promise<void> {
    return this.#queue.ready();
  }

  /**
   * Runs a synchronous function and disposes every tensor made inside, except those it returns (a tensor, or arrays and
   * plain objects of them), which pass to the enclosing scope, and those given to `keep`.
   */
  scope<T>(body: () => T): T {
    return this.scopes.run(body);
  }

  /** Lets a tensor outlive all open scopes. */
  keep<T extends Tensor>(tensor: T): T {
    this.scopes.keep(tensor);
    return tensor;
  }

  /** The tape that ops are recorded on, or null: then nothing is. */
  get tape(): Tape | null {
    return this.#tape;
  }

  /**
   * What a result should be that only products read: where they would round it, it is made rounded, and half the bytes move.
   * The numbers are the same. A tape takes results in f32.
   */
  get factorType(): ProductType {
    return this.#tape === null ? this.products.type : 'f32';
  }

  /** Runs a synchronous function with this tape in place of the one that is open. `tape.record` is the usual way. */
  withTape<T>(tape: Tape | null, body: () => T): T {
    const outer = this.#tape;
    this.#tape = tape;
    try {
      return body();
    } finally {
      this.#tape = outer;
    }
  }

  memoryStats(): MemoryStats {
    return this.#queue.memoryStats();
  }

  /** Gives memory that no tensor uses back to the system. */
  trim(): void {
    this.#queue.trim();
  }

  /** Finishes all enqueued work and ends the thread. Idempotent; everything else throws afterwards. */
  close(): Promise<void> {
    this.#closing ??= this.#queue.close();
    return this.#closing;
  }

  [Symbol.dispose](): void {
    void this.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Lets a failure's stack be that of the op that failed. */
  #blame(error: NativeError): void {
    const frames = error.sequence < 0 ? null : this.#callSites.framesOf(error.sequence);
    if (frames) error.stack = `${error.name}: ${error.message}\n${frames}`;
  }
}

/**
 * The typed contract of the native addon: the only surface that crosses between TypeScript and C++. A test compares the
 * names below with what the binary exports. Only files in src/native may import an addon.
 *
 * The addon checks everything again (kinds, counts, detached or shared memory) and throws errors made by the factory it
 * was given, so that native failures are real `PopeError`s.
 */
export type HostArray = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint16Array | Uint8Array;

/** Device memory. `dispose` gives the block back in queue order; use after dispose throws `USE_AFTER_DISPOSE`. */
export interface NativeBuffer {
  readonly bytes: number;
  readonly disposed: boolean;
  dispose(): void;
}

export interface MemoryStats {
  /** Buffers that are not disposed. */
  liveBuffers: number;
  /** Bytes of these buffers. */
  liveBytes: number;
  /** Bytes held by the pool, in use or free: at most about twice `peakBytes`. */
  poolBytes: number;
  /** Largest `liveBytes` so far. */
  peakBytes: number;
  /** Most bytes that a GPU's kernels had besides, for what they compute on the way; 0 on a CPU. */
  scratchBytes: number;
}

/** Ops that run together, on the same buffers each time. `dispose` gives their memory back in queue order. */
export interface NativeProgram {
  readonly disposed: boolean;
  dispose(): void;
}

/** An in-order command queue with its own thread. Everything but `read`, `ready` and `close` returns at once. */
export interface NativeQueue {
  allocate(bytes: number): NativeBuffer;
  /**
   * Fills the whole buffer, or the part of it that begins at `byteOffset`. Copies at most 1 MiB now; a larger array is held,
   * and must not be changed or transferred, until the queue has copied it.
   */
  write(buffer: NativeBuffer, source: HostArray, byteOffset?: number): void;
  /**
   * Enqueues an op of native/kernels/ops.cpp; returns its sequence number. Sizes are checked before it returns. Throws
   * UNSUPPORTED for an op that has no kernel for the queue's device.
   */
  run(
    op: string,
    inputs: readonly (NativeBuffer | null)[],
    outputs: readonly (NativeBuffer | null)[],
    dims: readonly number[],
    scalars: readonly number[],
  ): number;
  /**
   * Calls the function and keeps the ops that it runs, instead of running them. Buffers that it allocates are of memory
   * that the program keeps for itself. Nothing may be written or read inside.
   */
  record(body: () => void): NativeProgram;
  /** Enqueues all ops of a program as one command; returns its sequence number. */
  runProgram(program: NativeProgram): number;
  /** The same op on host arrays, in queue order. Arrays are held until the promise settles. */
  runHost(
    op: string,
    inputs: readonly (HostArray | null)[],
    outputs: readonly (HostArray | null)[],
    dims: readonly number[],
    scalars: readonly number[],
  ): Promise<void>;
  /**
   * Enqueues what crosses to the other ranks, of f32 buffers; returns its sequence number. The communication thread does it
   * while later ops go on; the first that uses either buffer waits. `allReduce` and `broadcast` have one buffer for both.
   */
  exchange(
    communicator: NativeCommunicator,
    collective: 'allReduce' | 'reduceScatter' | 'allGather' | 'broadcast',
    input: NativeBuffer,
    output: NativeBuffer,
    root: number,
  ): number;
  /** Waits for all earlier work on the buffer and copies `destination.byteLength` bytes from `byteOffset`. */
  read(buffer: NativeBuffer, byteOffset: number, destination: HostArray): Promise<void>;
  /** The same for several buffers, each whole, with one wait. Rejects when any of them has failed. */
  readAll(buffers: readonly NativeBuffer[], destinations: readonly HostArray[]): Promise<void>;
  /** Resolves when few enough operations are pending that more may be enqueued. */
  ready(): Promise<void>;
  /** Resolves when the queue has got past all that was enqueued so far: arrays that it was given to copy have been read. */
  passed(): Promise<void>;
  memoryStats(): MemoryStats;
  /** Gives free pool blocks back to the system once the queue has passed this point. */
  trim(): void;
  /**
   * Drains, then joins the thread. Idempotent. A queue whose environment ends (exit, a terminated worker) instead drops
   * what has not started and waits for the running op only: nobody is left to read results.
   */
  close(): Promise<void>;
}

/** One rank's end of a library for communication, with its thread (native/comm/exchange.h). */
export interface NativeCommunicator {
  /** Resolves when the library has let this process in. Rejects with UNSUPPORTED when there is none that can be used. */
  opened(): Promise<{ rank: number; size: number; library: string; hostMemory: boolean }>;
  /** The values of every rank, in the order of ranks. */
  gather(values: Float64Array): Promise<Float64Array[]>;
  /** The call that the thread is in, or null when it waits for this process. `progress` grows while it gets on. */
  status(): { what: string; number: number; progress: number } | null;
  /** Ends all ranks as far as the library can, and this process by SIGKILL. Does not return. */
  abort(exitCode: number): void;
  /** The orderly end of the library, in all ranks. */
  close(): Promise<void>;
}

export interface NativeInfo {
  abiVersion: number;
  napiVersion: number;
  compiler: string;
  build: 'release' | 'debug';
  /** Best instruction set that this binary has code for and this machine runs. */
  simd: string;
  /** Instruction sets that this binary has code for. */
  simdCompiled: string[];
  threads: number;
  blas: { library: string; coreType: string | null } | null;
  /** Why each BLAS candidate was not taken. */
  blasRejected: { library: string; reason: string }[];
  ops: string[];
}

/** What a binary with CUDA kernels finds on this machine. */
export interface NativeCuda {
  /** Why no GPU can be used, or null when one can. */
  reason: string | null;
  /** Newest CUDA version that the driver supports, as "13.0"; null without a driver. */
  driver: string | null;
  /** CUDA version that the binary was built with. */
  runtime: string | null;
  /** What the driver shows to this process; the first is used. */
  gpus: { name: string; computeCapability: string; memoryBytes: number; multiprocessors: number }[];
  /** The cuBLASLt that was looked for and found, or null: then matrix products run on the binary's own kernels. */
  cublasLt: string | null;
  /** Why each cuBLASLt candidate was not taken. */
  cublasLtRejected: { library: string; reason: string }[];
  /** Ops with a kernel for CUDA. */
  ops: string[];
}

export interface NativeAddon {
  /** Must be called once per environment before anything else. `sequence`: of the queued op that failed, or -1. */
  initialize(errorFactory: (code: string, message: string, index: number, sequence: number) => Error): void;
  info(): NativeInfo;
  /** Asks the driver anew at each call; with `libraries` also looks for cuBLASLt. Null: a binary without CUDA kernels. */
  probeCuda(libraries: boolean): NativeCuda | null;
  /**
   * `device`: default "cpu"; "dry" checks sizes and counts memory, but has none and does no work. Throws UNSUPPORTED, with
   * the reason, for a device that cannot be used.
   */
  createQueue(options: { maximumPending: number; device?: 'cpu' | 'cuda' | 'dry' }): NativeQueue;
  /**
   * Joins the other ranks, on a thread of its own. Of the libraries (file names or paths) the first that can be used is taken.
   * MPI: for memory of the host; once per process. NCCL: for memory of GPUs, in a binary with CUDA kernels.
   */
  createCommunicator(
    options:
      | { mpi: readonly string[] }
      | { nccl: { libraries: readonly string[]; rank: number; size: number; id: Uint8Array } },
  ): NativeCommunicator;
  /** The id that rank 0 makes and all ranks of NCCL must know. Throws UNSUPPORTED without a library. */
  ncclId(libraries: readonly string[]): Uint8Array;
  /** An op on host arrays, on the calling thread: for small float64 work whose API is synchronous. */
  runSync(
    op: string,
    inputs: readonly (HostArray | null)[],
    outputs: readonly (HostArray | null)[],
    dims: readonly number[],
    scalars: readonly number[],
  ): void;
}

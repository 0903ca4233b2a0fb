import type { NativeProgram } from '../native/addon.js';

/**
 * Ops that were recorded once (`device.record`) and run together, in their order and on the same tensors, as often as
 * `run()` is called: one call from JavaScript for all of them and, on a GPU, one launch. It keeps what came and went inside.
 */
export class Program {
  readonly #native: NativeProgram;
  readonly #start: (program: NativeProgram) => void;

  /** Use `device.record`. */
  constructor(native: NativeProgram, start: (program: NativeProgram) => void) {
    this.#native = native;
    this.#start = start;
  }

  /** Enqueues one run. Throws `USE_AFTER_DISPOSE` once the program, or a tensor that it reads or writes, is disposed. */
  run(): void {
    this.#start(this.#native);
  }

  /** Gives its memory back, in queue order: runs that were enqueued before still happen. Idempotent. */
  dispose(): void {
    this.#native.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

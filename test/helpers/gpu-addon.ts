import { Worker } from 'node:worker_threads';
import { NativeError, UnavailableError } from '../../src/errors.js';
import type { HostArray, NativeAddon } from '../../src/native/addon.js';
import { loadBinary } from '../../src/native/loader.js';

const LONGEST_MESSAGE = 4096;
const LONGEST_WAIT = 120_000;

/**
 * A binary with CUDA kernels whose `runSync` runs an op on the GPU, with the arrays copied there and back. The tests call it
 * where they would wait for nobody, so a thread of its own waits for the queue.
 */
export function gpuAddon(path: string): NativeAddon {
  const worker = new Worker(new URL('./gpu-worker.mjs', import.meta.url), { workerData: { path } });
  worker.unref();
  return {
    ...loadBinary(path),
    runSync(op, inputs, outputs, dims, scalars) {
      const reply = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT + LONGEST_MESSAGE);
      const state = new Int32Array(reply, 0, 2);
      const results = outputs.map(shared);
      worker.postMessage({ op, inputs: inputs.map(shared), outputs: results, dims, scalars, reply });
      if (Atomics.wait(state, 0, 0, LONGEST_WAIT) === 'timed-out') throw new Error(`${path}: ${op} does not end`);
      if (state[1]! > 0) throw failure(Buffer.from(reply, state.byteLength, state[1]));
      outputs.forEach((array, i) => {
        (array as Float32Array | null)?.set(results[i] as Float32Array);
      });
    },
  };
}

function shared(array: HostArray | null): HostArray | null {
  if (array === null) return null;
  const copy = new (array.constructor as Float32ArrayConstructor)(new SharedArrayBuffer(array.byteLength));
  copy.set(array as Float32Array);
  return copy;
}

function failure(text: Buffer): Error {
  const { code, message: told, index } = JSON.parse(text.toString());
  // The queue adds which op it was.
  const message = told.replace(/ \(op \w+, dims \[[^\]]*\]\)$/, '');
  if (code === 'UNSUPPORTED') return new UnavailableError(code, message);
  return new NativeError(code, message, { index, sequence: -1 });
}

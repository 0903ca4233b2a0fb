/** The thread of gpu-addon.ts: runs ops on a queue and wakes who waits for them. */
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

const addon = createRequire(import.meta.url)(workerData.path);
addon.initialize((code, message, index) => Object.assign(new Error(message), { code, index }));
let queue;

parentPort.on('message', async ({ op, inputs, outputs, dims, scalars, reply }) => {
  let failure = '';
  try {
    queue ??= addon.createQueue({ maximumPending: 1, device: 'cuda' });
    // The addon refuses shared memory.
    const copies = (list) => list.map((array) => array && new array.constructor(array));
    const results = copies(outputs);
    await queue.runHost(op, copies(inputs), results, dims, scalars);
    for (const [i, array] of outputs.entries()) array?.set(results[i]);
  } catch ({ code, message, index }) {
    failure = JSON.stringify({ code, message, index });
  }
  const state = new Int32Array(reply, 0, 2);
  state[1] = new TextEncoder().encodeInto(failure, new Uint8Array(reply, state.byteLength)).written;
  Atomics.store(state, 0, 1);
  Atomics.notify(state, 0);
});

import type { NativeQueue } from './addon.js';
import { loadCudaAddon } from './cuda.js';
import { loadAddon } from './loader.js';

const queues: { cpu?: NativeQueue; cuda?: NativeQueue } = {};

/** The queue of this process for work on host arrays that a caller awaits. */
export function hostQueue(device: 'cpu' | 'cuda'): NativeQueue {
  queues[device] ??= (device === 'cuda' ? loadCudaAddon() : loadAddon()).createQueue({ maximumPending: 64, device });
  return queues[device];
}

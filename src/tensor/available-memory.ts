import { cudaState } from '../native/cuda.js';
import type { DeviceKind } from './device.js';

/** Of a GPU's memory: the driver's context, cuBLASLt, and what kernels need on the way (at most 0.2 GB). */
const GPU_OVERHEAD = 1e9;

/** Bytes for tensors: those of the first GPU less an overhead, or what the system could give to this process now. */
export function availableMemory(kind: DeviceKind): number {
  if (kind === 'cpu') return process.availableMemory();
  return Math.max(0, (cudaState().gpus[0]?.memoryBytes ?? 0) - GPU_OVERHEAD);
}

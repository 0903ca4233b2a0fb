/**
 * The GPU, as far as this machine has one. Nothing is looked for before the first call, and a CUDA binary that cannot be
 * used is a reason, not a failure, until somebody asks for the device by name.
 */
import { UnavailableError } from '../errors.js';
import type { NativeAddon, NativeCuda } from './addon.js';
import { type Candidate, type Rejection, searchCudaAddon } from './loader.js';

export interface CudaState {
  available: boolean;
  /** Why not, when it is not available. */
  reason: string | null;
  /** The binary with CUDA kernels, or null when none could be loaded. */
  binary: Candidate | null;
  /** Binaries that were tried before it, and why they were not taken. */
  rejected: Rejection[];
  driver: NativeCuda['driver'];
  runtime: NativeCuda['runtime'];
  gpus: NativeCuda['gpus'];
  cublasLt: NativeCuda['cublasLt'];
  cublasLtRejected: NativeCuda['cublasLtRejected'];
  /** Ops that run on the CPU alone so far: while there are any, the device `auto` is the CPU. */
  missingOps: string[];
}

const noBinary = {
  driver: null,
  runtime: null,
  gpus: [],
  cublasLt: null,
  cublasLtRejected: [],
  missingOps: [],
};

/** What stands between this process and a GPU. Asks the driver anew at each call. Never throws. */
export function cudaState(): CudaState {
  const { found, rejected } = searchCudaAddon();
  const probe = found?.addon.probeCuda(true);
  if (!found || !probe) {
    return { available: false, reason: reasonWithoutBinary(rejected), binary: null, rejected, ...noBinary };
  }
  const { ops: _, reason, ...machine } = probe;
  const missingOps = missing(found.addon, probe);
  return { available: reason === null, reason, binary: found.binary, rejected, ...machine, missingOps };
}

/** Sums and terms of logs, which lie in host memory: called at once, never on a queue. */
export const HOST_OPS: readonly string[] = ['exact_sum', 'scalar_terms'];

function missing(addon: NativeAddon, { ops }: NativeCuda): string[] {
  return addon.info().ops.filter((op) => !ops.includes(op) && !HOST_OPS.includes(op));
}

/** The addon whose queues run on the GPU. Throws `UnavailableError` DEVICE_UNAVAILABLE that says why there is none. */
export function loadCudaAddon(): NativeAddon {
  const { found, rejected } = searchCudaAddon();
  const reason = found ? found.addon.probeCuda(false)?.reason : reasonWithoutBinary(rejected);
  if (found && reason === null) return found.addon;
  throw new UnavailableError(
    'DEVICE_UNAVAILABLE',
    `device cuda is not available: ${reason}. Use the device cpu or auto; \`pope doctor\` says more.`,
  );
}

/** Whether `auto` should be the GPU: it is usable and every op that queues run has a kernel there. */
export function prefersCuda(): boolean {
  const addon = searchCudaAddon().found?.addon;
  const probe = addon?.probeCuda(false);
  return probe?.reason === null && missing(addon!, probe).length === 0;
}

function reasonWithoutBinary(rejected: Rejection[]): string {
  const broken = rejected.find(({ reason }) => reason !== 'no such file');
  if (broken) return `no binary with CUDA kernels could be loaded (${broken.path}: ${broken.reason})`;
  return 'there is no binary with CUDA kernels for this machine; build one with `npm run build:cuda`';
}

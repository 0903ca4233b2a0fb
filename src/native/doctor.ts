import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { NativeInfo } from './addon.js';
import { type CudaState, cudaState } from './cuda.js';
import { type Candidate, packageRoot, type Rejection, searchAddon } from './loader.js';

/** What runs on this machine and why nothing else does: `pope doctor --json`, and `environment` of every saved result. */
export interface DoctorReport {
  package: { name: string; version: string };
  node: { version: string; napi: string };
  platform: { os: string; release: string; arch: string; cpu: string; logicalCpus: number; memoryBytes: number };
  /** The native binary in use, or null when none could be loaded. */
  binary: (Candidate & Pick<NativeInfo, 'abiVersion' | 'napiVersion' | 'compiler' | 'build'>) | null;
  /** Binaries that were tried before it, and why they were not taken. */
  rejected: Rejection[];
  devices: { cpu: CpuState; cuda: CudaState };
}

export interface CpuState {
  available: boolean;
  /** Why not, when it is not available. */
  reason: string | null;
  /** Best instruction set that the binary has code for and the machine runs, or null without a binary. */
  simd: string | null;
  simdCompiled: string[];
  threads: number;
  blas: NativeInfo['blas'];
  blasRejected: NativeInfo['blasRejected'];
}

const noCpu = { simd: null, simdCompiled: [], threads: 0, blas: null, blasRejected: [] };

/** Never throws for a binary that cannot be loaded: it says so. Loads the binary and looks for a BLAS if nobody did yet. */
export function diagnose(): DoctorReport {
  const { name, version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
  const { found, rejected } = searchAddon();
  const info = found?.addon.info();
  const [processor] = cpus();
  return {
    package: { name, version },
    node: { version: process.version, napi: process.versions.napi ?? 'unknown' },
    platform: {
      os: process.platform,
      release: release(),
      arch: process.arch,
      cpu: processor?.model.trim() ?? 'unknown',
      logicalCpus: cpus().length,
      memoryBytes: totalmem(),
    },
    binary: found && info ? { ...found.binary, ...pickBinary(info) } : null,
    rejected,
    devices: {
      cpu: info
        ? { available: true, reason: null, ...pickCpu(info) }
        : { available: false, reason: 'no native binary could be loaded', ...noCpu },
      cuda: cudaState(),
    },
  };
}

function pickBinary({ abiVersion, napiVersion, compiler, build }: NativeInfo) {
  return { abiVersion, napiVersion, compiler, build };
}

function pickCpu({ simd, simdCompiled, threads, blas, blasRejected }: NativeInfo) {
  return { simd, simdCompiled, threads, blas, blasRejected };
}

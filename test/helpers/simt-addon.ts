import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NativeAddon } from '../../src/native/addon.js';
import { loadBinary } from '../../src/native/loader.js';
import { gpuAddon } from './gpu-addon.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
let addon: NativeAddon | undefined;

/** A binary with CUDA kernels whose GPU is this process: native/simt runs them on the host. */
export const simtBinary = join(root, 'build', 'Release', 'pope_simt.node');

/**
 * The test-only addon: `runSync`, and a queue with the device "cuda", run the kernels for a GPU. With
 * POPE_TEST_GPU=build-cuda/Release/pope_cuda.node they run them on a real one.
 */
export function simtAddon(): NativeAddon {
  const { POPE_TEST_GPU: binary } = process.env;
  addon ??= binary ? gpuAddon(resolve(binary)) : loadBinary(simtBinary);
  return addon;
}

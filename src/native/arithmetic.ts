import { cudaState, prefersCuda } from './cuda.js';
import { loadAddon } from './loader.js';

/**
 * What computes on a device, as far as results depend on it in their last bits: the instruction set and the BLAS, or the
 * GPU. Two machines that say the same give the same bits.
 */
export function arithmeticOf(device: 'cpu' | 'cuda' | 'auto'): string {
  if (device === 'cuda' || (device === 'auto' && prefersCuda())) {
    const { gpus, cublasLt } = cudaState();
    return `cuda, ${gpus[0]?.name ?? 'no GPU'}, ${cublasLt ?? 'own products'}`;
  }
  const { simd, blas } = loadAddon().info();
  return `cpu, ${simd}, ${blas === null ? 'own products' : `${blas.library} ${blas.coreType ?? ''}`.trim()}`;
}

import { availableParallelism } from 'node:os';

/** Threads of the native pool, and so of floors and peers: POPE_THREADS, else all. */
export const threads = Number(process.env.POPE_THREADS) || availableParallelism();

// A core type that the environment asks for gives products, ours and those of peers, the kernels of another processor.
const { OPENBLAS_CORETYPE: coreType } = process.env;
if (coreType !== undefined) {
  console.error(`bench: OPENBLAS_CORETYPE=${coreType} is left aside: every BLAS takes what it finds best here`);
  delete process.env.OPENBLAS_CORETYPE;
}

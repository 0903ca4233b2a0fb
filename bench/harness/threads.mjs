import { availableParallelism } from 'node:os';

/** Threads of the native pool, and so of floors and peers: POPE_THREADS, else all. */
export const threads = Number(process.env.POPE_THREADS) || availableParallelism();

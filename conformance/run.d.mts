import type { NativeQueue } from '../lib/native/addon.js';

export interface ConformanceVector {
  /** Of the C ABI, without `pope_`. */
  function: string;
  name: string;
  arguments: Record<string, unknown>;
  results?: Record<string, number[]>;
  tolerance?: { absolute: number; relative: number };
  /** Of a vector that has to be refused: the `code` and `index` of the error. */
  status?: string;
  index?: number;
}

type Results = Record<string, ArrayLike<number | bigint> | null>;

/** One function for each of the C ABI: the arguments of a vector to its results, or an error with `code` and `index`. */
export type ConformanceFunctions = Record<string, (given: never) => Results | Promise<Results>>;

/** The vectors of conformance/vectors.json, with NaN and infinities as numbers. */
export function readVectors(): ConformanceVector[];

/** Failures as sentences. */
export function check(vectors: ConformanceVector[], functions: ConformanceFunctions): Promise<string[]>;

/** The functions of this package's addon on a queue of one of its devices. */
export function addonFunctions(queue: NativeQueue): ConformanceFunctions;

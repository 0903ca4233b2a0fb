/**
 * Runs one op in float by every implementation there is, the CPU's and, under the SIMT shim, the one for a GPU, and in
 * double by the reference addon, and holds the results against each other. All arrays of the float run lie inside larger
 * ones: what surrounds an input is NaN, so that reading past it shows; what surrounds an output is a sentinel that must
 * survive; outputs are poisoned with NaN, so that an element that is never written shows. An output that the op updates
 * starts from given values instead.
 */
import type { HostArray, NativeAddon } from '../../src/native/addon.js';
import { loadAddon } from '../../src/native/loader.js';
import { referenceAddon } from './reference-addon.js';
import { simtAddon } from './simt-addon.js';
import { expectClose, type Tolerance, tolerances } from './tolerance.js';

/** `number[]` is an array of the op's float type (f32 here, f64 in the reference); a typed array is passed as it is. */
export type OpInput = number[] | HostArray | null;

/**
 * A size is an output of the op's float type; `[Float64Array, size]` has that type in both runs, `{ bf16: size }` that one,
 * compared by its numbers; null is not given. For an op that updates: `number[]` or a typed array, as in `OpInput`, are the
 * values that the output holds before.
 */
export type OpOutput = number | [HostArrayConstructor, number] | { bf16: number } | number[] | HostArray | null;

type HostArrayConstructor =
  | Float32ArrayConstructor
  | Float64ArrayConstructor
  | Int32ArrayConstructor
  | Uint16ArrayConstructor
  | Uint8ArrayConstructor;

export interface OpCase {
  inputs: OpInput[];
  outputs: OpOutput[];
  dims: number[];
  scalars?: number[];
  /** Instead of the table's row for the output's type; say why at the call. */
  tolerance?: Tolerance;
}

/** Elements before and after each array: with an odd number arrays are not aligned to a vector, with 16 they are. */
const [unaligned, aligned] = [17, 16];
const sentinel = 0xa5;

/**
 * Returns the outputs of the float run on the CPU and the largest share of the tolerance that any run used. Throws when
 * they differ. The kernel for a GPU, where the op has one that is tested here, runs on unaligned and on aligned arrays: it moves more at once
 * there. `product` is what is tested instead of all.
 */
export function checkOp(op: string, call: OpCase, product?: NativeAddon) {
  if (product) return checkRun(op, call, product, unaligned);
  const { outputs, share } = checkRun(op, call, loadAddon(), unaligned);
  // What runs for one instruction set only (tiers.test.ts) has no part in the kernels for GPUs.
  const shares =
    process.env.POPE_SIMD === undefined && hasCudaKernel(op)
      ? [unaligned, aligned].map((guard) => checkRun(op, call, simtAddon(), guard).share)
      : [];
  return { outputs, share: Math.max(share, ...shares) };
}

let cudaOps: string[] | undefined;

/** Ops whose kernels for a GPU have tests of their own: cuda.test.ts and those that end in -cuda.test.ts. */
const testedApart = /^(attention|fused_head|token_logprobs|slate)/;

/** Not where one instruction set of the CPU is asked for: the kernels for a GPU know none. */
function hasCudaKernel(op: string): boolean {
  if (process.env.POPE_SIMD !== undefined || testedApart.test(op)) return false;
  cudaOps ??= simtAddon().probeCuda(false)!.ops;
  return cudaOps.includes(op);
}

function checkRun(
  op: string,
  { inputs, outputs, dims, scalars = [], tolerance }: OpCase,
  product: NativeAddon,
  guard: number,
) {
  const productInputs = inputs.map(
    (input) => input && guardedInput(Array.isArray(input) ? Float32Array.from(input) : input, guard),
  );
  const productOutputs = outputs.map((output) => (output === null ? null : guardedOutput(output, guard)));
  product.runSync(
    op,
    productInputs,
    productOutputs.map((output) => output?.view ?? null),
    dims,
    scalars,
  );

  const referenceInputs = inputs.map((input, i) =>
    Array.isArray(input) ? Float64Array.from(productInputs[i] as Float32Array) : input,
  );
  const referenceOutputs = outputs.map((output) => (output === null ? null : referenceOutput(output)));
  referenceAddon().runSync(op, referenceInputs, referenceOutputs, dims, scalars);

  let share = 0;
  const results: HostArray[] = [];
  productOutputs.forEach((output, i) => {
    if (!output) return;
    assertGuardsIntact(output, `${op}: output ${i}`);
    const expected = referenceOutputs[i]!;
    const type = typeOf(outputs[i]!);
    const values = [output.view, expected].map((array) => numbers(array, type)) as [
      ArrayLike<number>,
      ArrayLike<number>,
    ];
    share = Math.max(share, expectClose(...values, tolerance ?? tolerances[type], `${op}: output ${i}`));
    results.push(output.view);
  });
  return { outputs: results, share };
}

interface GuardedOutput {
  view: HostArray;
  bytes: Uint8Array;
}

function guardedInput(array: HostArray, guard: number): HostArray {
  const Kind = array.constructor as Float32ArrayConstructor;
  const whole = new Kind(array.length + 2 * guard);
  new Uint8Array(whole.buffer).fill(0xff); // NaN in every float format, -1 in every integer
  whole.set(array as Float32Array, guard);
  return whole.subarray(guard, guard + array.length);
}

function guardedOutput(output: NonNullable<OpOutput>, guard: number): GuardedOutput {
  const initial = initialValues(output);
  const [Kind, size] =
    initial !== null
      ? ([
          Array.isArray(initial) ? Float32Array : (initial.constructor as HostArrayConstructor),
          initial.length,
        ] as const)
      : typeof output === 'number'
        ? ([Float32Array, output] as const)
        : sized(output);
  const whole = new Kind(size + 2 * guard);
  const bytes = new Uint8Array(whole.buffer).fill(sentinel);
  const view = whole.subarray(guard, guard + size);
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength).fill(0xff);
  if (initial !== null) view.set(initial as ArrayLike<number>);
  return { view, bytes };
}

/** What an updated output holds before, or null. */
function initialValues(output: NonNullable<OpOutput>): number[] | HostArray | null {
  if (typeof output === 'number' || 'bf16' in output || typeof output[0] === 'function') return null;
  return output as number[] | HostArray;
}

function sized(output: NonNullable<OpOutput>): [HostArrayConstructor, number] {
  if (typeof output === 'object' && 'bf16' in output) return [Uint16Array, output.bf16];
  return output as [HostArrayConstructor, number];
}

/** Row of the table of tolerances. */
function typeOf(output: NonNullable<OpOutput>): 'f32' | 'f64' | 'bf16' {
  if (typeof output === 'number') return 'f32';
  if ('bf16' in output) return 'bf16';
  return output instanceof Float64Array || output[0] === Float64Array ? 'f64' : 'f32';
}

function assertGuardsIntact({ view, bytes }: GuardedOutput, what: string): void {
  const end = view.byteOffset + view.byteLength;
  const touched = bytes.findIndex((byte, i) => (i < view.byteOffset || i >= end) && byte !== sentinel);
  if (touched >= 0) throw new Error(`${what}: byte ${touched - view.byteOffset} outside the array was written`);
}

function referenceOutput(output: NonNullable<OpOutput>): HostArray {
  if (typeof output === 'number') return new Float64Array(output);
  const initial = initialValues(output);
  if (initial === null) {
    const [Kind, size] = sized(output);
    return new Kind(size);
  }
  return Array.isArray(initial) ? Float64Array.from(Float32Array.from(initial)) : initial.slice();
}

function numbers(array: HostArray, type: 'f32' | 'f64' | 'bf16'): ArrayLike<number> {
  if (type === 'bf16') return bf16Values(array as Uint16Array);
  return array instanceof BigInt64Array ? Array.from(array, Number) : array;
}

/** `count` reproducible numbers, uniform in [-scale, scale). Mulberry32 (Tommy Ettinger, public domain). */
export function randomNumbers(count: number, seed: number, scale = 1): number[] {
  let state = seed >>> 0;
  return Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return (((bits ^ (bits >>> 14)) >>> 0) / 2 ** 31 - 1) * scale;
  });
}

/** The numbers that patterns of bf16 stand for. */
export function bf16Values(bits: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(bits, (half) => half << 16).buffer);
}

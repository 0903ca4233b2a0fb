/** What the binary is: its contract, its tests without Node, and how it treats arrays that are not what they seem. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { NativeError } from '../../src/errors.js';
import { addonExports, loadAddon } from '../../src/native/loader.js';
import { referenceAddon } from '../helpers/reference-addon.js';
import { simtAddon } from '../helpers/simt-addon.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const addon = loadAddon();

/** Member names of an interface of src/native/addon.ts. */
function declared(name: string): string[] {
  const source = readFileSync(join(root, 'src/native/addon.ts'), 'utf8');
  const body = source.split(`export interface ${name} {\n`)[1]!.split('\n}\n')[0]!;
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)].map((match) => match[1]!).sort();
}

function methods(object: object): string[] {
  return Object.getOwnPropertyNames(Object.getPrototypeOf(object))
    .filter((name) => name !== 'constructor')
    .sort();
}

describe('the contract of src/native/addon.ts', () => {
  it('is what the binary exports', async () => {
    const queue = addon.createQueue({ maximumPending: 1 });
    const buffer = queue.allocate(1);
    expect(Object.keys(addon).sort()).toEqual(declared('NativeAddon'));
    expect([...addonExports].sort()).toEqual(declared('NativeAddon'));
    expect(methods(queue)).toEqual(declared('NativeQueue'));
    expect(methods(buffer)).toEqual(declared('NativeBuffer'));
    expect(Object.keys(queue.memoryStats()).sort()).toEqual(declared('MemoryStats'));
    expect(Object.keys(addon.info()).sort()).toEqual(declared('NativeInfo'));
    const communicator = addon.createCommunicator({ mpi: [] });
    expect(methods(communicator)).toEqual(declared('NativeCommunicator'));
    await expect(communicator.opened()).rejects.toThrow('no MPI library can be used');
    expect(addon.probeCuda(false)).toBeNull();
    expect(Object.keys(simtAddon().probeCuda(false) ?? {}).sort()).toEqual(declared('NativeCuda'));
    await queue.close();
  });

  it('has the same ops in the product and in the reference', () => {
    expect(addon.info().ops).toEqual(referenceAddon().info().ops);
    expect(addon.info().ops).toEqual(simtAddon().info().ops);
  });

  it('lists every op in docs/native-ops.md', () => {
    const rows = readFileSync(join(root, 'docs/native-ops.md'), 'utf8').matchAll(/^\| `(\w+)` \|/gm);
    expect(addon.info().ops).toEqual(Array.from(rows, (match) => match[1]));
  });
});

describe('native/core', () => {
  it('passes its own tests', () => {
    const program = join(root, 'build', 'Release', 'pope_core_test');
    expect(existsSync(program)).toBe(true);
    const { status, stderr } = spawnSync(program, { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
  });
});

describe('host arrays', () => {
  const add = (a: unknown, out: unknown = new Float32Array(2)) =>
    addon.runSync('add', [a as Float32Array, new Float32Array(2)], [out as Float32Array], [2], []);

  const detached = new Float32Array(2);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  const resizable = Reflect.construct(ArrayBuffer, [8, { maxByteLength: 16 }]) as ArrayBuffer;

  it.each([
    ['a detached array', detached, /input 0 is on a detached ArrayBuffer/],
    ['a shared array', new Float32Array(new SharedArrayBuffer(8)), /input 0 must not be on a SharedArrayBuffer/],
    ['a resizable array', new Float32Array(resizable), /input 0 must not be on a resizable ArrayBuffer/],
    ['an array of another kind', new Int8Array(8), /input 0 must be a Float32Array/],
    ['an array of numbers', [1, 2], /input 0 must be a typed array/],
    ['a DataView', new DataView(new ArrayBuffer(8)), /input 0 must be a typed array/],
    ['nothing', undefined, /input 0 must be a typed array/],
    ['null where an array is needed', null, /add: input 0/],
  ])('refuses %s', (_, array, message) => {
    expect(() => add(array)).toThrowError(message);
    expect(() => add(array)).toThrowError(NativeError);
  });

  it('accepts views of part of a buffer and of other kinds with the same bytes', () => {
    const whole = Float32Array.of(0, 1, 2, 3);
    const out = new Float32Array(4);
    add(whole.subarray(1, 3), out.subarray(2));
    expect(out).toEqual(Float32Array.of(0, 0, 1, 2));
  });

  it.each([
    ['a missing op', () => addon.runSync('nothing', [], [], [], []), /no op called "nothing"/],
    ['dims that are not whole', () => addon.runSync('add', [], [], [1.5], []), /dim 0 must be a whole number/],
    ['a negative size', () => addon.runSync('add', [], [], [-1], []), /dim 0 must be a size/],
    ['a size that no array has', () => addon.runSync('add', [], [], [2 ** 52], []), /dim 0 must be a size/],
    ['dims that are not numbers', () => addon.runSync('add', [], [], ['2'] as never, []), /must be arrays of numbers/],
    ['missing dims', () => addon.runSync('add', [], [], [], []), /needs at least 1 dims, got 0/],
    ['no arrays at all', () => addon.runSync('add', undefined as never, [], [2], []), /inputs must be an array/],
  ])('refuses %s', (_, call, message) => {
    expect(call).toThrowError(message);
  });
});

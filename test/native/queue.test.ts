/** The native queue below src/tensor: host arrays in queue order, depth, and objects that are not what they seem. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NativeBuffer, NativeQueue } from '../../src/native/addon.js';
import { loadAddon } from '../../src/native/loader.js';

const maximumPending = 8;
let queue: NativeQueue;
beforeEach(() => {
  queue = loadAddon().createQueue({ maximumPending });
});
afterEach(() => queue.close());

/** An op that takes a while: n^3 multiply-adds. */
function multiply(n: number): Promise<void> {
  const square = new Float32Array(n * n);
  return queue.runHost('matmul', [square, square, null], [new Float32Array(n * n)], [n, n, n, 0], []);
}

describe('runHost', () => {
  it('runs in queue order and resolves in that order', async () => {
    const settled: number[] = [];
    const values = Float32Array.of(1);
    const runs = [1, 2, 3].map((i) =>
      queue.runHost('add', [values, values], [values], [1], []).then(() => settled.push(i)),
    );
    await Promise.all(runs);
    expect(settled).toEqual([1, 2, 3]);
    expect(values).toEqual(Float32Array.of(8));
  });

  it('rejects its own promise when the work fails, with the position and the number of the op', async () => {
    const run = (ids: Int32Array) =>
      queue.runHost('embedding', [ids, Float32Array.of(1, 2)], [new Float32Array(ids.length)], [ids.length, 2, 1], []);
    await expect(run(Int32Array.of(0, 1, 2, 5))).rejects.toMatchObject({ code: 'OUT_OF_RANGE', index: 2, sequence: 1 });
    await run(Int32Array.of(0, 1));
  });

  it('throws at the call when the arrays do not fit', () => {
    expect(() => queue.runHost('add', [new Float32Array(1), null], [new Float32Array(1)], [1], [])).toThrowError(
      /input 1/,
    );
  });
});

describe('ready', () => {
  it('resolves at once while there is room', async () => {
    await queue.ready();
  });

  it('waits until half of the bound is free', async () => {
    let finished = 0;
    for (let i = 0; i < 3 * maximumPending; i++) void multiply(150).then(() => finished++);
    await queue.ready();
    expect(finished).toBeGreaterThanOrEqual(3 * maximumPending - maximumPending / 2);
  });
});

describe('write and read', () => {
  it('check their sizes', () => {
    const buffer = queue.allocate(8);
    expect(buffer).toMatchObject({ bytes: 8, disposed: false });
    expect(() => queue.write(buffer, new Float32Array(3))).toThrowError(/the buffer has 8 bytes, the source 12/);
    expect(() => queue.write(buffer, new Float32Array(1), 5)).toThrowError(/has 8 bytes, the source 4 from byte 5/);
    expect(() => queue.write(buffer, new Float32Array(0), 9)).toThrowError(/the source 0 from byte 9/);
    expect(() => queue.read(buffer, 4, new Float32Array(2))).toThrowError(/8 bytes from byte 4 are more than/);
    expect(() => queue.read(buffer, 16, new Float32Array(0))).toThrowError(/from byte 16/);
    expect(() => queue.read(buffer, -1, new Float32Array(1))).toThrowError(/byteOffset must be a whole number/);
  });

  it('reads and writes from an offset', async () => {
    const buffer = queue.allocate(12);
    queue.write(buffer, Float32Array.of(1, 2, 3));
    queue.write(buffer, Float32Array.of(4), 4);
    const part = new Float32Array(2);
    await queue.read(buffer, 4, part);
    expect(part).toEqual(Float32Array.of(4, 3));
  });

  it('leaves arrays alone that it has got past', async () => {
    const count = 2 ** 19; // Larger than what is copied at the call.
    const buffer = queue.allocate(4 * count);
    const values = new Float32Array(count).fill(1);
    queue.write(buffer, values);
    await queue.passed();
    values.fill(2);
    const back = new Float32Array(count);
    await queue.read(buffer, 0, back);
    expect(back.every((value) => value === 1)).toBe(true);
  });
});

describe('objects', () => {
  const queueClass = () => (queue as object).constructor as new (...args: unknown[]) => unknown;
  const bufferClass = () => (queue.allocate(1) as object).constructor as new (...args: unknown[]) => unknown;

  it('refuse foreign receivers, foreign arguments and made-up ones', () => {
    const buffer = queue.allocate(4);
    expect(() => queue.allocate.call(buffer as never, 1)).toThrowError(/Illegal invocation/);
    expect(() => queue.allocate.call({} as never, 1)).toThrowError(/Illegal invocation/);
    expect(() => buffer.dispose.call(queue as never)).toThrowError(/Illegal invocation/);
    for (const foreign of [{}, queue, Object.create(buffer), new Float32Array(1), 'x', undefined]) {
      expect(() => queue.run('add', [foreign as NativeBuffer, buffer], [buffer], [1], [])).toThrowError(
        /input 0 must be a device buffer/,
      );
    }
    expect(() => new (bufferClass())()).toThrowError(/made by allocate/);
    expect(() => new (queueClass())()).toThrowError(/maximumPending/);
  });

  it.each([0, -1, 1.5, Number.NaN, '8'])('refuse a bound of %s', (bound) => {
    expect(() => loadAddon().createQueue({ maximumPending: bound as number })).toThrowError(/maximumPending/);
  });
});

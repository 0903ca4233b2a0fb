import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Device } from '../../src/tensor/device.js';
import type { Tensor } from '../../src/tensor/tensor.js';

let device: Device;
beforeEach(() => {
  device = Device.open('cpu');
});
afterEach(() => device.close());

function add(a: Tensor, b: Tensor): Tensor<'f32'> {
  const out = device.empty(a.shape);
  device.run('add', [a, b], [out], [a.size]);
  return out;
}

/** An embedding look-up of a token that the table does not have: fails when it runs, not when it is enqueued. */
function failingLookUp(): Tensor<'f32'> {
  const out = device.empty([1, 2]);
  device.run('embedding', [device.tensor(Int32Array.of(7), [1]), device.tensor([1, 2], [1, 2])], [out], [1, 1, 2]);
  return out;
}

describe('Device', () => {
  it('runs ops in the order of the calls', async () => {
    const one = device.tensor([1, 10], [2]);
    const sum = device.tensor([0, 0], [2]);
    for (let i = 0; i < 1000; i++) device.run('add', [sum, one], [sum], [2]);
    expect(await sum.read()).toEqual(Float32Array.of(1000, 10000));
  });

  it.each([
    ['f32', Float32Array.of(1.5, -2)],
    ['f64', Float64Array.of(0.1, -2)],
    ['i32', Int32Array.of(7, -8)],
    ['i64', BigInt64Array.of(7n, -8n)],
    ['u8', Uint8Array.of(7, 255)],
  ] as const)('takes %s from its array and gives it back', async (dtype, values) => {
    const tensor = device.tensor(values, [2]);
    expect(tensor.dtype).toBe(dtype);
    expect(await tensor.read()).toEqual(values);
  });

  it.each(['f16', 'bf16'] as const)('takes %s as patterns or as raw bytes', async (dtype) => {
    const bits = Uint16Array.of(0x3c00, 0xbf80);
    expect(await device.tensor(bits, [2], dtype).read()).toEqual(bits);
    expect(await device.tensor(new Uint8Array(bits.buffer), [2], dtype).read()).toEqual(bits);
  });

  it('copies a small array at the call and holds a large one until it is copied', async () => {
    const small = Float32Array.of(1, 2);
    const tensor = device.tensor(small, [2]);
    small.fill(9);
    expect(await tensor.read()).toEqual(Float32Array.of(1, 2));
    const count = (1 << 20) + 1;
    const large = device.tensor(new Float32Array(count).fill(3), [count]);
    expect((await large.read()).every((value) => value === 3)).toBe(true);
  });

  it('handles empty tensors', async () => {
    const empty = device.tensor([], [0, 5]);
    expect(await add(empty, empty).read()).toEqual(new Float32Array(0));
  });

  it('refuses data that does not fit, naming both sizes', () => {
    expect(() => device.tensor([1, 2, 3], [2, 2])).toThrowError(/shape \[2,2\] has 16 bytes, but 12 were given/);
    expect(() => device.tensor(Float64Array.of(1), [1], 'f32')).toThrowError(
      /made from a Float32Array, not from a Float64Array/,
    );
    expect(() => device.tensor(Uint16Array.of(1), [1])).toThrowError(/f16 or bf16/);
    expect(() => device.empty([-1])).toThrowError(/shape/);
    expect(() => device.run('add', [device.empty([2])], [device.empty([2])], [2])).toThrowError(
      /add: input 1 is missing/,
    );
    expect(() => device.run('subtract', [], [], [])).toThrowError(/no op called "subtract"/);
    expect(() => Device.open('tpu' as 'cpu')).toThrowError(expect.objectContaining({ exitCode: 2 }));
  });
});

describe('a failing op', () => {
  it('poisons what depends on it, names op, dims and its caller, and leaves the queue usable', async () => {
    const healthy = device.tensor([1, 2], [1, 2]);
    const dependent = add(failingLookUp(), healthy);
    const further = add(dependent, healthy);
    const error = await further.read().catch((error: unknown) => error);
    expect(error).toMatchObject({
      code: 'OUT_OF_RANGE',
      message: expect.stringContaining('(op embedding, dims [1, 1, 2])'),
    });
    expect((error as Error).stack).toContain('failingLookUp');
    await expect(dependent.read()).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
    expect(await add(healthy, healthy).read()).toEqual(Float32Array.of(2, 4));
  });

  it('poisons the tensor and not its memory', async () => {
    const failed = failingLookUp();
    failed.dispose();
    expect(await device.tensor([5, 6], [1, 2]).read()).toEqual(Float32Array.of(5, 6));
  });

  it('is forgotten by a tensor that is written again', async () => {
    const tensor = failingLookUp();
    const one = device.tensor([1, 1], [2]);
    device.run('add', [one, one], [tensor], [2]);
    expect(await tensor.read()).toEqual(Float32Array.of(2, 2));
  });

  it('is not forgotten by a sum that a later op adds to, until the sum is filled anew', async () => {
    const sum = failingLookUp();
    const one = device.tensor([1, 1], [2]);
    device.run('accumulate', [one], [sum], [2], [1]);
    await expect(sum.read()).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
    device.run('fill', [], [sum], [2], [0]);
    device.run('accumulate', [one], [sum], [2], [3]);
    expect(await sum.read()).toEqual(Float32Array.of(3, 3));
  });
});

describe('memory', () => {
  it('throws on use after dispose, on both sides of the contract', () => {
    const tensor = device.tensor([1], [1]);
    tensor.dispose();
    tensor.dispose();
    expect(tensor.disposed).toBe(true);
    const useAfterDispose = expect.objectContaining({ code: 'USE_AFTER_DISPOSE' });
    expect(() => add(tensor, tensor)).toThrowError(useAfterDispose);
    return expect(tensor.read()).rejects.toEqual(useAfterDispose);
  });

  it('lets queued work finish on tensors that are disposed at once', async () => {
    const total = device.tensor(new Float32Array(1000), [1000]);
    for (let i = 1; i <= 2000; i++) {
      const step = device.tensor(new Float32Array(1000).fill(i), [1000]);
      const doubled = add(step, step);
      device.run('add', [total, doubled], [total], [1000]);
      step.dispose();
      doubled.dispose();
      if (i % 50 === 0) await device.ready();
    }
    expect((await total.read()).every((value) => value === 2000 * 2001)).toBe(true);
    // Three tensors alive at most, so three blocks: disposed ones were reused while their work was still queued.
    expect(device.memoryStats()).toMatchObject({ liveBuffers: 1, liveBytes: 4000 });
    expect(device.memoryStats().poolBytes).toBeLessThanOrEqual(3 * 4032);
  });

  it('returns to zero', async () => {
    const tensors = Array.from({ length: 20 }, (_, i) => device.empty([i, 33]));
    expect(device.memoryStats()).toMatchObject({ liveBuffers: 20, liveBytes: 190 * 33 * 4 });
    for (const tensor of tensors) tensor.dispose();
    device.trim();
    expect(device.memoryStats()).toMatchObject({ liveBuffers: 0, liveBytes: 0, poolBytes: 0, peakBytes: 190 * 33 * 4 });
  });

  it('says how much was asked and what is alive when there is not enough, and goes on', async () => {
    const held = device.tensor([1, 2, 3], [3]);
    const impossible = () => device.empty([2 ** 45]);
    expect(impossible).toThrowError(
      expect.objectContaining({
        code: 'OUT_OF_MEMORY',
        message: expect.stringMatching(/cannot allocate 140737488355328 bytes: 1 buffers with 12 bytes are alive/),
      }),
    );
    expect(await held.read()).toEqual(Float32Array.of(1, 2, 3));
  });

  it('works with `using`', () => {
    {
      using tensor = device.empty([4]);
      expect(tensor.disposed).toBe(false);
    }
    expect(device.memoryStats().liveBuffers).toBe(0);
  });

  it('refuses tensors of another device', async () => {
    const other = Device.open();
    const foreign = other.tensor([1], [1]);
    expect(() => add(foreign, device.tensor([1], [1]))).toThrowError(/input 0 belongs to another queue/);
    await other.close();
  });
});

describe('scope', () => {
  it('disposes what it made except what it returns or keeps', () => {
    let kept: Tensor | undefined;
    const returned = device.scope(() => {
      const a = device.tensor([1], [1]);
      kept = device.keep(device.tensor([2], [1]));
      return { sum: add(a, a), more: [add(a, a)], name: 'x' };
    });
    expect(device.memoryStats().liveBuffers).toBe(3);
    expect([returned.sum.disposed, returned.more[0]!.disposed, kept!.disposed]).toEqual([false, false, false]);
  });

  it('hands what an inner scope returns to the outer one', () => {
    device.scope(() => {
      const inner = device.scope(() => device.tensor([1], [1]));
      expect(inner.disposed).toBe(false);
    });
    expect(device.memoryStats().liveBuffers).toBe(0);
  });

  it('disposes everything when the function throws or is asynchronous', () => {
    const failing = () =>
      device.scope(() => {
        device.empty([1]);
        throw new Error('stop');
      });
    expect(failing).toThrowError('stop');
    expect(() => device.scope(async () => device.empty([1]))).toThrowError(/synchronous/);
    expect(device.memoryStats().liveBuffers).toBe(0);
  });
});

describe('close', () => {
  it('finishes what was enqueued, then refuses more', async () => {
    const other = Device.open();
    const tensor = other.tensor([1, 2], [2]);
    const reading = tensor.read();
    const closing = other.close();
    expect(await reading).toEqual(Float32Array.of(1, 2));
    await closing;
    await other.close();
    expect(() => other.empty([1])).toThrowError(expect.objectContaining({ code: 'USE_AFTER_DISPOSE' }));
    tensor.dispose();
    expect(other.memoryStats()).toMatchObject({ liveBuffers: 0, poolBytes: 0 });
  });
});

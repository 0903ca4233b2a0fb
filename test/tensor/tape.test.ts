/** The tape itself: what it adds up, what it keeps and what it frees. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Device } from '../../src/tensor/device.js';
import { add, dropout, matmul, rmsNorm, swiglu, zeros } from '../../src/tensor/ops/index.js';
import { stage, Tape } from '../../src/tensor/tape.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { randomNumbers } from '../helpers/check-op.js';
import { expectClose, tolerances } from '../helpers/tolerance.js';

type Floats = Tensor<'f32'>;

let device: Device;
let baseline: number;
beforeAll(() => {
  device = Device.open('cpu');
});
beforeEach(() => {
  baseline = device.memoryStats().liveBuffers;
});
afterAll(() => device.close());

const live = () => device.memoryStats().liveBuffers - baseline;
const random = (shape: number[], seed: number) =>
  device.tensor(
    randomNumbers(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ),
    shape,
  );

/** Watches x, records, goes backward from ones, and returns the gradient of x; all else is freed. */
async function gradientOf(x: Floats, body: (x: Floats) => Floats, tape = new Tape(device)): Promise<number[]> {
  const gradient = zeros(device, x.shape);
  tape.watch(x, gradient);
  const y = tape.record(() => body(x));
  const seed = device.tensor(new Float32Array(y.size).fill(1), y.shape);
  tape.backward([[y, seed]]);
  seed.dispose();
  const values = await gradient.read();
  gradient.dispose();
  return Array.from(values);
}

describe('sums over paths', () => {
  test('a diamond: x reaches the result on two paths, one of which splits again', async () => {
    const x = device.tensor([1, -2], [1, 2]);
    // y = 2x + 2x + x
    const gradient = await gradientOf(x, (x) => {
      const twice = add(x, x);
      return add(add(twice, twice), x);
    });
    expect(gradient).toEqual([5, 5]);
  });

  test('a shared subexpression whose gradient comes from an addition and from a product', async () => {
    const x = device.tensor([0.5, 2], [1, 2]);
    // h = x + x, y = h + silu(h) h: dy/dx = 2 (1 + s (1 + h (1 - s)) h + h s) with s = sigmoid(h)
    const gradient = await gradientOf(x, (x) => {
      const h = add(x, x);
      return add(h, swiglu(h, h));
    });
    const expected = [1, 4].map((h) => {
      const s = 1 / (1 + Math.exp(-h));
      return 2 * (1 + s * (1 + h * (1 - s)) * h + h * s);
    });
    expectClose(gradient, expected, tolerances.f32);
  });

  test('the gradient that an addition hands on is not changed for its other input', async () => {
    const a = device.tensor([3], [1, 1]);
    const b = device.tensor([4], [1, 1]);
    const [da, db] = [zeros(device, [1, 1]), zeros(device, [1, 1])];
    const tape = new Tape(device);
    tape.watch(a, da);
    tape.watch(b, db);
    const y = tape.record(() => {
      const [p, q] = [add(a, a), add(b, b)];
      // p gets one gradient more, in place if it were not also that of q.
      return add(p, add(p, q));
    });
    const seed = device.tensor([1], [1, 1]);
    tape.backward([[y, seed]]);
    expect([...(await da.read()), ...(await db.read()), ...(await seed.read())]).toEqual([4, 2, 1]);
    for (const tensor of [a, b, da, db, seed]) tensor.dispose();
  });

  test('passes add up, and so do several seeds', async () => {
    const x = device.tensor([1], [1, 1]);
    const gradient = zeros(device, [1, 1]);
    const seed = device.tensor([1], [1, 1]);
    for (let pass = 0; pass < 3; pass++) {
      const tape = new Tape(device);
      tape.watch(x, gradient);
      const [y, z] = tape.record(() => [add(x, x), add(add(x, x), x)] as const);
      tape.backward([
        [y, seed],
        [z, seed],
      ]);
    }
    expect(await gradient.read()).toEqual(Float32Array.of(15));
    for (const tensor of [x, gradient, seed]) tensor.dispose();
  });

  test('results that nothing depends on change nothing', async () => {
    const x = device.tensor([1], [1, 1]);
    const gradient = await gradientOf(x, (x) => {
      matmul(x, x);
      swiglu(x, add(x, x));
      return add(x, x);
    });
    expect(gradient).toEqual([2]);
  });
});

describe('lifetimes', () => {
  const weight = () => random([4, 4], 1);
  /** Two layers whose intermediates lie in scopes of their own. */
  const network = (x: Floats, w: Floats) => {
    let y = x;
    for (let layer = 0; layer < 3; layer++) {
      y = stage(y, (y) => add(y, swiglu(matmul(y, w), matmul(y, w))));
    }
    return y;
  };

  test('after backward nothing is left but what the caller made', async () => {
    const [x, w] = [random([2, 4], 2), weight()];
    const before = live();
    await gradientOf(w, (w) => network(add(x, x), w));
    expect(live()).toBe(before);
    expect(x.disposed || w.disposed).toBe(false);
  });

  test('the result can be read between record and backward', async () => {
    const w = weight();
    const gradient = zeros(device, w.shape);
    const tape = new Tape(device);
    tape.watch(w, gradient);
    const y = tape.record(() => network(random([2, 4], 2), w));
    expect(await y.read()).toHaveLength(8);
    const seed = device.tensor(new Float32Array(8), [2, 4]);
    tape.backward([[y, seed]]);
    expect(y.disposed).toBe(true);
  });

  test('tensors of a scope around the recording stay alive until it ends', () => {
    device.scope(() => {
      const w = weight();
      const tape = new Tape(device);
      tape.watch(w, zeros(device, w.shape));
      const x = random([2, 4], 2);
      const y = tape.record(() => matmul(x, w));
      tape.backward([[y, device.tensor(new Float32Array(8), [2, 4])]]);
      expect(x.disposed || w.disposed).toBe(false);
    });
    expect(live()).toBe(0);
  });

  test('ops that depend on nothing watched are not kept', () => {
    device.scope(() => {
      const tape = new Tape(device);
      const inside = live();
      tape.watch(weight(), weight());
      tape.record(() => device.scope(() => void network(random([2, 4], 2), weight())));
      tape.dispose();
      expect(live() - inside).toBe(2);
    });
  });

  test('a tape that is dropped, or fails, frees what it had', () => {
    device.scope(() => {
      const w = weight();
      const gradient = zeros(device, w.shape);
      const own = live();
      const recorded = () => {
        const tape = new Tape(device);
        tape.watch(w, gradient);
        return { tape, y: tape.record(() => network(random([2, 4], 2), w)) };
      };
      recorded().tape.dispose();
      expect(live()).toBe(own);

      const { tape, y } = recorded();
      expect(() => tape.backward([[y, gradient]])).toThrow(/shape/);
      expect(live()).toBe(own);

      const failing = new Tape(device);
      failing.watch(w, gradient);
      expect(() =>
        failing.record(() => {
          network(random([2, 4], 2), w);
          throw new Error('stop');
        }),
      ).toThrow('stop');
      expect(live()).toBe(own);
      expect(device.tape).toBeNull();
    });
  });

  test('a result that was not recorded is refused', () => {
    device.scope(() => {
      const w = weight();
      const tape = new Tape(device);
      tape.watch(w, zeros(device, w.shape));
      const elsewhere = matmul(w, w);
      expect(() => tape.backward([[elsewhere, elsewhere]])).toThrowError(
        expect.objectContaining({ code: 'NOT_RECORDED', exitCode: 2 }),
      );
    });
  });
});

describe('checkpointing', () => {
  const body = (w: Floats, norm: Floats, places: Tensor<'i32'>) => (x: Floats) => {
    let y = add(x, x);
    for (let layer = 0; layer < 6; layer++) {
      y = stage(y, (y) => {
        const hidden = dropout(matmul(rmsNorm(y, norm, 1e-5), w), { rate: 0.2, seed: 3, stream: layer, places });
        return add(y, swiglu(hidden, matmul(hidden, w)));
      });
    }
    return y;
  };

  async function run(checkpointing: boolean) {
    const own = Device.open('cpu');
    try {
      const upload = (shape: number[], seed: number) =>
        own.tensor(
          randomNumbers(
            shape.reduce((a, b) => a * b, 1),
            seed,
          ),
          shape,
        );
      const [x, w, norm] = [upload([64, 16], 1), upload([16, 16], 2), upload([16], 3)];
      const watched = [x, w, norm].map((tensor) => ({ tensor, gradient: zeros(own, tensor.shape) }));
      const seed = upload([64, 16], 4);
      const places = own.tensor(
        Int32Array.from({ length: 64 * 3 }, (_, i) => i),
        [64, 3],
        'i32',
      );
      const before = own.memoryStats().liveBuffers;
      const tape = new Tape(own, { checkpointing });
      for (const { tensor, gradient } of watched) tape.watch(tensor, gradient);
      const y = tape.record(() => body(w, norm, places)(x));
      const kept = own.memoryStats().liveBuffers - before;
      tape.backward([[y, seed]]);
      expect(own.memoryStats().liveBuffers).toBe(before);
      const gradients = await Promise.all(watched.map(({ gradient }) => gradient.read()));
      return { gradients, kept, peak: own.memoryStats().peakBytes };
    } finally {
      await own.close();
    }
  }

  test('gives the same bits and keeps one tensor per stage', async () => {
    const [plain, checkpointed] = [await run(false), await run(true)];
    expect(checkpointed.gradients).toEqual(plain.gradients);
    expect(plain.gradients.every((gradient) => gradient.some((value) => value !== 0))).toBe(true);
    expect(checkpointed.kept).toBe(7); // what enters each of the six stages, and the result
    expect(checkpointed.peak).toBeLessThan(0.6 * plain.peak);
  });
});

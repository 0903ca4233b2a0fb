/** Programs: on the CPU, and on a GPU that is the host, where the second run is captured and later ones are replays. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NativeError, PopeError } from '../../src/errors.js';
import { Device } from '../../src/tensor/device.js';
import { add, gatherRows, matmul, scatterRows } from '../../src/tensor/ops/index.js';
import { simtBinary } from '../helpers/simt-addon.js';

process.env.POPE_NATIVE_PATH ??= simtBinary;

describe.each(['cpu', 'cuda'] as const)('a program on the device %s', (kind) => {
  let device: Device;
  beforeEach(() => {
    device = Device.open(kind);
  });
  afterEach(() => device.close());

  const matrix = (rows: number[][]) => device.tensor(rows.flat(), [rows.length, rows[0]!.length]);
  const indices = (...values: number[]) => device.tensor(Int32Array.from(values), [values.length], 'i32');

  test('runs its ops at every run, not when it is recorded, and sees what its tensors have become', async () => {
    const [state, matrixA] = [
      matrix([[1, 2]]),
      matrix([
        [1, 1],
        [0, 1],
      ]),
    ];
    const first = indices(0);
    using program = device.record(() => scatterRows(state, matmul(state, matrixA), first));
    expect([...(await state.read())]).toEqual([1, 2]);
    for (const expected of [
      [1, 3],
      [1, 4],
      [1, 5],
      [1, 6],
    ]) {
      program.run();
      expect([...(await state.read())]).toEqual(expected);
    }
    device.write(state, Float32Array.of(10, 0));
    program.run();
    program.run();
    expect([...(await state.read())]).toEqual([10, 20]);
  });

  test('has memory of its own, which others get when it is disposed', async () => {
    const [x, out] = [matrix([[1, 2, 3]]), matrix([[0, 0, 0]])];
    const first = indices(0);
    const before = device.memoryStats();
    const program = device.record(() => {
      let sum = add(x, x);
      for (let i = 0; i < 5; i++) sum = device.scope(() => add(sum, x));
      scatterRows(out, sum, first);
    });
    expect(device.memoryStats().liveBuffers).toBe(before.liveBuffers);

    for (let run = 0; run < 3; run++) {
      program.run();
      // Tensors of the same sizes, alive between the runs: they must not share the program's memory.
      const beside = Array.from({ length: 8 }, (_, i) => device.tensor([i, i, i], [1, 3]));
      program.run();
      expect([...(await out.read())]).toEqual([7, 14, 21]);
      for (const [i, tensor] of beside.entries()) {
        expect([...(await tensor.read())]).toEqual([i, i, i]);
        tensor.dispose();
      }
    }
    program.dispose();
    program.dispose();
    const taken = device.memoryStats().poolBytes;
    const after = Array.from({ length: 8 }, () => device.empty([1, 3]));
    expect(device.memoryStats().poolBytes).toBe(taken);
    for (const tensor of after) tensor.dispose();
    expect(() => program.run()).toThrow('the program was disposed');
  });

  test('keeps a tensor alive that outlived its making, as its last run left it', async () => {
    const x = matrix([[3]]);
    let sum = x;
    using program = device.record(() => {
      sum = device.keep(add(x, x));
    });
    program.run();
    expect([...(await sum.read())]).toEqual([6]);
    device.write(x, Float32Array.of(4));
    program.run();
    expect([...(await sum.read())]).toEqual([8]);
    sum.dispose();
    expect(() => program.run()).toThrow(/a tensor that the program uses was disposed/);
  });

  test('names the op that fails, with its dims, and poisons what the program writes; a rewrite clears it', async () => {
    const [table, out, index] = [matrix([[1], [2], [3]]), matrix([[0]]), indices(1)];
    const first = indices(0);
    using program = device.record(() => scatterRows(out, gatherRows(table, index), first));
    for (const run of [0, 1, 2]) {
      device.write(index, Int32Array.of(run));
      program.run();
      expect([...(await out.read())]).toEqual([run + 1]);
    }
    device.write(index, Int32Array.of(7));
    program.run();
    program.run();
    const failure = await out.read().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(NativeError);
    expect(failure).toMatchObject({ code: 'OUT_OF_RANGE', index: 0 });
    expect((failure as Error).message).toMatch(/index 7 at position 0 .*\(op gather_rows, dims \[3, 1, 1\]\)$/);
    expect((failure as Error).stack).toContain('program.test.ts');
    device.write(index, Int32Array.of(2));
    device.write(out, Float32Array.of(0));
    program.run();
    expect([...(await out.read())]).toEqual([3]);
  });

  test('does not run on what an earlier op has failed to make', async () => {
    const [table, out] = [matrix([[1]]), matrix([[0]])];
    const first = indices(0);
    const broken = gatherRows(table, indices(5));
    using program = device.record(() => scatterRows(out, broken, first));
    program.run();
    await expect(out.read()).rejects.toThrow(/index 5/);
  });

  test('holds ops only: no value comes or goes, no other program, and an error inside leaves nothing behind', async () => {
    const x = matrix([[1]]);
    const before = device.memoryStats().liveBuffers;
    expect(() => device.record(() => void device.tensor([1], [1]))).toThrow('a program holds ops only');
    expect(() => device.record(() => void x.read().catch(() => {}))).not.toThrow();
    expect(() => device.record(() => device.record(() => {}).dispose())).toThrow('a program holds ops only');
    expect(() =>
      device.record(() => {
        add(x, x);
        throw new PopeError('STOP', 'enough');
      }),
    ).toThrow('enough');
    expect(device.memoryStats().liveBuffers).toBe(before);
    expect([...(await add(x, x).read())]).toEqual([2]);
  });

  test('is of its own device', () => {
    using other = Device.open(kind);
    const [x, out] = [other.tensor([1], [1, 1]), matrix([[1]])];
    expect(() => device.record(() => device.run('add', [x, x], [out], [1]))).toThrow(/another queue/);
  });
});

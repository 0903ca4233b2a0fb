/** @file Random programs on tensors beside a model that only knows which values live. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { Device } from '../../src/tensor/device.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import fc from '../helpers/properties.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const SIZES = [1, 3, 1000, (1 << 18) + 1] as const;

/** A tensor, and all of its elements' value; null once it has been disposed. */
interface Entry {
  tensor: Tensor<'f32'>;
  value: number | null;
}

interface Model {
  entries: Entry[];
  /** Reads that are under way, each with what has to come. */
  reads: Promise<void>[];
}

interface Real {
  device: Device;
}

type Command = fc.AsyncCommand<Model, Real>;

const chosen = <T>(list: readonly T[], i: number): T => list[i % list.length]!;
const refused = expect.objectContaining({ code: 'USE_AFTER_DISPOSE' });

const create = (size: number, value: number): Command => ({
  check: ({ entries }) => entries.length < 40,
  async run({ entries }, { device }) {
    entries.push({ tensor: device.tensor(new Float32Array(size).fill(value), [size]) as Tensor<'f32'>, value });
  },
  toString: () => `create(${size}, ${value})`,
});

const add = (i: number, j: number): Command => ({
  check: ({ entries }) => entries.length > 0,
  async run({ entries }, { device }) {
    const [a, b] = [chosen(entries, i), chosen(entries, j)];
    const out = device.empty(a.tensor.shape);
    const call = () => device.run('add', [a.tensor, b.tensor], [out], [a.tensor.size]);
    if (a.value === null || b.value === null) expect(call).toThrow(refused);
    else if (a.tensor.size !== b.tensor.size) expect(call).toThrow(expect.objectContaining({ code: 'SHAPE' }));
    else {
      call();
      entries.push({ tensor: out, value: a.value + b.value });
      return;
    }
    out.dispose();
  },
  toString: () => `add(${i}, ${j})`,
});

const dispose = (i: number): Command => ({
  check: ({ entries }) => entries.length > 0,
  async run({ entries }) {
    const entry = chosen(entries, i);
    // Once more than it takes: that does nothing.
    entry.tensor.dispose();
    entry.tensor.dispose();
    entry.value = null;
    expect(entry.tensor.disposed).toBe(true);
  },
  toString: () => `dispose(${i})`,
});

/** Starts a read and goes on: whatever is disposed or overwritten later, it gives what was there. */
const read = (i: number): Command => ({
  check: ({ entries }) => entries.length > 0,
  async run({ entries, reads }) {
    const { tensor, value } = chosen(entries, i);
    const came = tensor.read();
    if (value === null) return expect(came).rejects.toMatchObject({ code: 'USE_AFTER_DISPOSE' });
    const check = async () => {
      const values = await came;
      expect(values).toHaveLength(tensor.size);
      expect([values[0], values.at(-1), values[tensor.size >> 1]]).toEqual([value, value, value]);
    };
    reads.push(check());
  },
  toString: () => `read(${i})`,
});

/** Loses a tensor without disposing it: the collector may take it while its work is under way. */
const forget = (i: number): Command => ({
  check: ({ entries }) => entries.length > 0,
  async run({ entries }) {
    entries.splice(i % entries.length, 1);
    collectGarbage();
  },
  toString: () => `forget(${i})`,
});

const wait = (): Command => ({
  check: () => true,
  run: async (_, { device }) => device.ready(),
  toString: () => 'wait()',
});

it('a random program sees every value as long as it lives, and no longer', async () => {
  const place = fc.nat(1000);
  const commands = fc.commands(
    [
      fc.tuple(fc.constantFrom(...SIZES), fc.nat(9)).map(([size, value]) => create(size, value)),
      fc.tuple(place, place).map(([i, j]) => add(i, j)),
      place.map(dispose),
      place.map(read),
      place.map(forget),
      fc.constant(wait()),
    ],
    { maxCommands: 60 },
  );
  await fc.assert(
    fc.asyncProperty(commands, async (program) => {
      const device = Device.open('cpu');
      const model: Model = { entries: [], reads: [] };
      await fc.asyncModelRun(() => ({ model, real: { device } }), program);
      await Promise.all(model.reads);
      for (const { tensor } of model.entries) tensor.dispose();
      model.entries = [];
      await device.ready();
      collectGarbage();
      await device.close();
    }),
    { numRuns: 40 },
  );
});

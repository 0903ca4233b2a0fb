/** One rank of the tests of src/distributed: does what the first argument says and, at the orderly end, prints a line of JSON. */

import { detectLaunch } from '../../dist/distributed/launcher.js';
import { openCommunicator } from '../../dist/distributed/open.js';
import { Device } from '../../dist/tensor/device.js';

const large = 1_050_001; // floats: a chunk and a rest

const parts = {
  /** Every method, against what the ranks are known to have given. */
  async collectives(device, ranks) {
    const { rank, size } = ranks;
    const numbers = (count, of) => filled(count, (i) => (i % 1000) + 1000 * of);
    const sum = (count) => filled(count, (i) => size * (i % 1000) + (1000 * size * (size - 1)) / 2);
    const mine = device.tensor(numbers(large, rank), [large]);
    ranks.allReduce(mine);
    same(await mine.read(), sum(large));

    // Memory that is still being sent when it is given back is nobody else's.
    const early = device.tensor(numbers(large, rank), [large]);
    ranks.allReduce(early);
    early.dispose();
    const other = device.tensor(numbers(large, 7), [large]);
    same(await other.read(), numbers(large, 7));

    const whole = device.tensor(numbers(size * large, rank), [size * large]);
    const slice = device.empty([large]);
    ranks.reduceScatter(whole, slice);
    same(await slice.read(), sum(size * large).subarray(rank * large, (rank + 1) * large));

    const all = device.empty([size * large]);
    ranks.allGather(slice, all);
    same(await all.read(), sum(size * large));

    const one = device.tensor(numbers(large, rank), [large]);
    ranks.broadcast(one, size - 1);
    same(await one.read(), numbers(large, size - 1));

    const gathered = await ranks.gather(Float64Array.from({ length: 2 * rank }, (_, i) => rank + i / 8));
    same(gathered.length, size);
    for (const [r, values] of gathered.entries()) {
      same(
        values,
        Float64Array.from({ length: 2 * r }, (_, i) => r + i / 8),
      );
    }
    await ranks.barrier();
    const { poolBytes } = device.memoryStats();
    for (const tensor of [mine, other, whole, slice, all, one]) tensor.dispose();
    same(device.memoryStats().liveBytes, 0);
    same(device.memoryStats().poolBytes, poolBytes); // what was sent can be used again
    return { ok: true };
  },

  /** One sum, which the ranks end with. */
  async sum(device, ranks) {
    const tensor = device.tensor([1, 2], [2]);
    ranks.allReduce(tensor);
    return { sum: String(await tensor.read()) };
  },

  /** What has failed in rank 1 is NaN in the others. */
  async failure(device, ranks) {
    const gradient = device.tensor([1, 2], [2]);
    // A row that the table does not have.
    if (ranks.rank === 1) {
      const table = device.tensor([1, 2], [1, 2]);
      device.run('embedding', [device.tensor(Int32Array.of(7), [1]), table], [gradient], [1, 1, 2]);
    }
    ranks.allReduce(gradient);
    const values = await gradient.read().then(Array.from, (error) => error.code);
    return { values: String(values) };
  },

  /** Rank 1 stops for ever before the call that rank 0 waits in. */
  async hang(_device, ranks) {
    if (ranks.rank === 1) process.kill(process.pid, 'SIGSTOP');
    await ranks.gather(Float64Array.of(1));
    return {};
  },

  /** Rank 1 ends as if all was well, before the call that rank 0 waits in. */
  async leave(_device, ranks) {
    if (ranks.rank === 1) process.exit(0);
    await ranks.gather(Float64Array.of(1));
    return {};
  },

  /** Rank 0 exits in the middle of a call, with work of its device that waits for another. */
  async exit(device, ranks) {
    if (ranks.rank === 1) await new Promise((resolve) => setTimeout(resolve, 60_000));
    const tensor = device.tensor([1], [1]);
    ranks.allReduce(tensor);
    void tensor.read();
    void ranks.gather(Float64Array.of(1));
    setTimeout(() => process.exit(3), 200);
    await new Promise(() => {});
  },

  /** Rank 0 throws while rank 1 waits for it. */
  async throw(_device, ranks) {
    if (ranks.rank === 0) throw new Error('of rank 0');
    await ranks.gather(Float64Array.of(1));
    return {};
  },
};

function filled(count, value) {
  const values = new Float32Array(count);
  for (let i = 0; i < count; ++i) values[i] = value(i);
  return values;
}

function same(got, expected) {
  let equal = typeof got === 'number' ? got === expected : got.length === expected.length;
  for (let i = 0; i < got.length && equal; ++i) equal = got[i] === expected[i];
  if (!equal) throw new Error(`got ${String(got).slice(0, 60)}, expected ${String(expected).slice(0, 60)}`);
}

const device = Device.open(process.env.DEVICE ?? 'cpu');
const launch = detectLaunch();
const ranks = await openCommunicator(device, launch, { patience: Number(process.env.PATIENCE ?? 60) });
const result = await parts[process.argv[2]](device, ranks);
await ranks.close();
await device.close();
console.log(JSON.stringify({ rank: ranks.rank, size: ranks.size, library: ranks.library, ...result }));

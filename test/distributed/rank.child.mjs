/** One rank of the tests of src/distributed: does what the first argument says and, at the orderly end, prints a line of JSON. */

import { detectLaunch } from '../../dist/distributed/launcher.js';
import { openCommunicator } from '../../dist/distributed/open.js';
import { Device } from '../../dist/tensor/device.js';

const large = 1_050_001; // floats: a chunk and a rest

const parts = {
  /** Every method, against what the ranks are known to have given. */
  async collectives(device, ranks) {
    const { rank, size } = ranks;
    const numbers = (count, of) => Float32Array.from({ length: count }, (_, i) => (i % 1000) + 1000 * of);
    const sum = (count) => numbers(count, 0).map((_, i) => size * (i % 1000) + (1000 * size * (size - 1)) / 2);
    const mine = device.tensor(numbers(large, rank), [large]);
    ranks.allReduce(mine);
    same(await mine.read(), sum(large));

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
    return { ok: true };
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

  /** Rank 0 throws while rank 1 waits for it. */
  async throw(_device, ranks) {
    if (ranks.rank === 0) throw new Error('of rank 0');
    await ranks.gather(Float64Array.of(1));
    return {};
  },
};

function same(got, expected) {
  if (
    typeof got === 'number'
      ? got === expected
      : got.length === expected.length && got.every((x, i) => x === expected[i])
  ) {
    return;
  }
  throw new Error(`got ${String(got).slice(0, 60)}, expected ${String(expected).slice(0, 60)}`);
}

const device = Device.open('cpu');
const launch = detectLaunch();
const ranks = await openCommunicator(device, launch, { patience: Number(process.env.PATIENCE ?? 60) });
const result = await parts[process.argv[2]](device, ranks);
await ranks.close();
await device.close();
console.log(JSON.stringify({ rank: ranks.rank, size: ranks.size, library: ranks.library, ...result }));

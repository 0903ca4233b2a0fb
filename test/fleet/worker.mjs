/**
 * A worker of a fleet in a process of its own, to be killed: `worker.mjs STORE QUEUE PAUSE POISON CONCURRENCY`. Its work is a line per slate; shard
 * POISON kills the process. It needs the built package.
 */
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { InterruptedError } from '../../dist/errors.js';
import { openBroker } from '../../dist/fleet/broker.js';
import { workOnShards } from '../../dist/fleet/work.js';
import { readManifest } from '../../dist/shards/merge.js';
import { openShardStore } from '../../dist/shards/store.js';

const [address, queue, pause, poison, concurrency] = process.argv.slice(2);
const interruption = new AbortController();
process.once('SIGTERM', () => interruption.abort(new InterruptedError('INTERRUPTED', 'stopped by SIGTERM')));

const store = await openShardStore(address, {});
const manifest = await readManifest(store);
const work = {
  async write({ from, to }, path) {
    const poisoned = manifest.shards[Number(poison) - 1];
    if (poisoned?.from === from) process.kill(process.pid, 'SIGKILL');
    await sleep(Number(pause), undefined, { signal: interruption.signal }).catch(() => {
      throw interruption.signal.reason;
    });
    const lines = Array.from({ length: to - from }, (_, i) =>
      JSON.stringify({ identity: 'sha256:fake', slate: from + i }),
    );
    await writeFile(path, `${lines.join('\n')}\n`);
  },
};
try {
  const broker = await openBroker(queue);
  const options = { concurrency: Number(concurrency), lockDuration: 1500, signal: interruption.signal };
  console.log(await workOnShards(broker, store, work, manifest, options));
} catch (error) {
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = error.exitCode ?? 1;
}

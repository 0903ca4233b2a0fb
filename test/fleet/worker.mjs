/**
 * A worker of a fleet in a process of its own, to be killed: `worker.mjs STORE QUEUE PAUSE POISON CONCURRENCY LOCK`. Its work is a line per slate;
 * shard POISON kills the process. It needs the built package.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { writeLines } from '../../dist/data/atomic-writer.js';
import { InterruptedError } from '../../dist/errors.js';
import { openBroker } from '../../dist/fleet/broker.js';
import { workOnShards } from '../../dist/fleet/work.js';
import { readManifest } from '../../dist/shards/merge.js';
import { openShardStore } from '../../dist/shards/store.js';

const [address, queue, pause, poison, concurrency, lock] = process.argv.slice(2);
const interruption = new AbortController();
process.once('SIGTERM', () => interruption.abort(new InterruptedError('INTERRUPTED', 'stopped by SIGTERM')));

async function* lines({ from, to }) {
  for (let slate = from; slate < to; slate++) yield { identity: 'sha256:fake', slate };
}

try {
  const store = await openShardStore(address, process.env);
  const manifest = await readManifest(store);
  const work = {
    async write(shard, path) {
      const poisoned = manifest.shards[Number(poison) - 1];
      if (poisoned?.from === shard.from) process.kill(process.pid, 'SIGKILL');
      await sleep(Number(pause), undefined, { signal: interruption.signal }).catch(() => {
        throw interruption.signal.reason;
      });
      await writeLines(path, lines(shard));
    },
  };
  const broker = await openBroker(queue);
  const options = { concurrency: Number(concurrency), lockDuration: Number(lock), signal: interruption.signal };
  console.log(await workOnShards(broker, store, work, manifest, options));
} catch (error) {
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = error.exitCode ?? 1;
}

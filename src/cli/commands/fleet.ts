import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../../errors.js';
import { openBroker } from '../../fleet/broker.js';
import type { ShardQueue } from '../../fleet/queue-server.js';
import { fleetStatus, queueName, submitShards } from '../../fleet/shard-jobs.js';
import { requireProgress, workOnShards } from '../../fleet/work.js';
import { type Manifest, requireSameWork } from '../../shards/manifest.js';
import { readManifest } from '../../shards/merge.js';
import { openShardStore, type ShardStore } from '../../shards/store.js';
import { type Context, defineCommand } from '../command.js';
import { defaulted, onOff, positiveInteger, positiveNumber, required, text } from '../flags.js';
import { openWork } from '../open-work.js';
import type { Settings } from '../settings.js';
import { readable } from '../table.js';

const FLAGS = {
  queue: required(
    '--queue <url>',
    'server that hands out the shards: redis://HOST:PORT or postgres://HOST/DATABASE',
    text,
  ),
  concurrency: defaulted('--concurrency <n>', 'work: shards at a time', positiveInteger, 1),
  lock: defaulted('--lock <seconds>', 'work: a worker silent for so long has lost its shard', positiveNumber, 60),
  wait: onOff('--wait', 'status: watch until every shard is done'),
  json: onOff('--json', 'status: print one JSON object'),
};

type FleetSettings = Settings<typeof FLAGS>;

/** Pause between two looks of `status --wait`. */
const LOOK_MS = 2_000;

export const fleet = defineCommand({
  examples: [
    'pope fleet submit run/ --queue redis://queue:6379',
    'pope fleet work run/ --queue redis://queue:6379 -- score log.jsonl --model ./Llama-3.2-1B',
    'pope fleet status run/ --queue redis://queue:6379 --wait',
  ],
  arguments: [
    ['<action>', 'submit, work or status'],
    ['<shards>', 'folder or s3://BUCKET/PREFIX with the manifest of the work'],
    ['[command...]', 'work: after --, the command of the shards, without -o and --shard'],
  ],
  flags: FLAGS,
  async run([action, address, ...command], settings, context) {
    const store = await openShardStore(address!, process.env);
    const manifest = await readManifest(store);
    if (action === 'submit') return submit(store, manifest, settings, context);
    if (action === 'status') return status(store, manifest, settings, context);
    if (action === 'work') return work(address!, store, manifest, command, settings, context);
    throw new UsageError('BAD_OPTION', `expected submit, work or status, got ${action}`);
  },
});

async function submit(store: ShardStore, manifest: Manifest, settings: FleetSettings, { terminal, signal }: Context) {
  await withQueue(manifest, settings, signal, async (queue) => {
    const { done, pending } = await submitShards(queue, store, manifest, { retryFailed: true });
    const total = manifest.shards.length;
    terminal.say(`${readable(total)} shards: ${readable(done)} done, ${readable(pending)} in the queue`);
  });
}

async function status(store: ShardStore, manifest: Manifest, settings: FleetSettings, { terminal, signal }: Context) {
  await withQueue(manifest, settings, signal, async (queue) => {
    let now = await fleetStatus(queue, store, manifest);
    while (settings.wait && now.done < now.shards) {
      requireProgress(store, now);
      const { done, shards: total, active } = now;
      terminal.progress({ label: 'fleet', done, total, unit: 'shards', detail: `${active} at work` });
      await sleep(LOOK_MS, undefined, { signal });
      now = await fleetStatus(queue, store, manifest);
    }
    if (settings.json) return terminal.writeJson(now);
    const { shards, done, active, waiting, failed, lost } = now;
    const lines = [
      `${readable(shards)} shards: ${readable(done)} done, ${readable(active)} at work, ${readable(waiting)} waiting, ${readable(failed.length)} failed`,
      ...(lost > 0 ? [`${readable(lost)} have no job: pope fleet submit adds them`] : []),
      ...failed.map(({ shard, reason }) => `shard ${shard} failed: ${reason}`),
    ];
    await terminal.write(`${lines.join('\n')}\n`);
  });
}

async function work(
  address: string,
  store: ShardStore,
  manifest: Manifest,
  argv: readonly string[],
  { queue, concurrency, lock }: FleetSettings,
  context: Context,
) {
  const broker = await openBroker(queue);
  // The progress of one shard would hide that of the fleet.
  const opened = await openWork(argv, address, { ...context, terminal: context.terminal.silenced() });
  try {
    requireSameWork(store.place(''), manifest, await opened.describe());
    const total = manifest.shards.length;
    const done = await workOnShards(broker, store, opened, manifest, {
      concurrency,
      lockDuration: 1000 * lock,
      signal: context.signal,
      onLook: (pending) => context.terminal.progress({ label: 'fleet', done: total - pending, total, unit: 'shards' }),
    });
    context.terminal.say(
      `all ${readable(total)} shards are done, ${readable(done)} by this worker: pope merge ${address}`,
    );
  } finally {
    opened.close();
  }
}

async function withQueue(
  manifest: Manifest,
  { queue: url }: FleetSettings,
  signal: AbortSignal,
  use: (queue: ShardQueue) => Promise<void>,
) {
  const broker = await openBroker(url);
  const queue = await broker.queue(queueName(manifest), signal);
  try {
    await use(queue);
  } catch (error) {
    throw broker.named(error);
  } finally {
    await queue.close();
  }
}

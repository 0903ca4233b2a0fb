import { writeLines } from '../../data/atomic-writer.js';
import { UsageError } from '../../errors.js';
import { type Manifest, requireSameWork } from '../../shards/manifest.js';
import { mergedLines, readManifest } from '../../shards/merge.js';
import { openShardStore, type ShardStore } from '../../shards/store.js';
import { type Context, defineCommand } from '../command.js';
import { optional, outputFile } from '../flags.js';
import { openWork } from '../open-work.js';
import { readable } from '../table.js';

export const merge = defineCommand({
  examples: [
    'pope merge run/ -o scores.jsonl',
    'pope merge s3://bucket/run -o generations.jsonl',
    'pope merge run/ -- metrics log.jsonl --generations generations.jsonl --embedder ./all-MiniLM-L6-v2 --json',
  ],
  arguments: [
    ['<shards>', 'folder or s3://BUCKET/PREFIX that the shards were written to'],
    ['[command...]', 'of metrics: after --, the command of the shards, without -o and --shard'],
  ],
  flags: { output: optional('-o, --output <file>', 'of scores and generations: file to write', outputFile) },
  async run([address, ...command], { output }, context) {
    const store = await openShardStore(address!, process.env);
    const manifest = await readManifest(store);
    if ((manifest.kind === 'metrics') !== (output === undefined)) {
      const how = { metrics: 'after -- the command of the shards, and no -o' };
      const wanted = manifest.kind === 'metrics' ? how.metrics : '-o, the file to write';
      throw new UsageError('BAD_OPTION', `${address}: these are shards of ${manifest.kind}: give ${wanted}`);
    }
    if (output === undefined) await conclude(address!, store, manifest, command, context);
    else await write(output, store, manifest, context);
  },
});

async function conclude(
  address: string,
  store: ShardStore,
  manifest: Manifest,
  argv: readonly string[],
  context: Context,
): Promise<void> {
  const work = await openWork(argv, address, context);
  try {
    requireSameWork(store.place(''), manifest, await work.describe());
    await work.conclude!(mergedLines(store, manifest));
  } finally {
    work.close();
  }
}

async function write(
  output: string,
  store: ShardStore,
  manifest: Manifest,
  { terminal, signal }: Context,
): Promise<void> {
  const total = manifest.shards.reduce((sum, { lines }) => sum + lines, 0);
  async function* lines(): AsyncGenerator<object> {
    for await (const line of mergedLines(store, manifest)) {
      signal.throwIfAborted();
      yield line;
    }
  }
  const written = await writeLines(output, lines(), {
    onLine: (done) => terminal.progress({ label: 'merging', done, total, unit: 'lines' }),
  });
  terminal.say(`${readable(written)} ${manifest.kind} of ${manifest.shards.length} shards: ${output}`);
}

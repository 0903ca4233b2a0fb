import { AtomicWriter } from '../../data/atomic-writer.js';
import { mergedLines, readManifest } from '../../shards/merge.js';
import { openShardStore } from '../../shards/store.js';
import { defineCommand } from '../command.js';
import { outputFile, required } from '../flags.js';
import { readable } from '../table.js';

export const merge = defineCommand({
  examples: ['pope merge run/ -o scores.jsonl', 'pope merge s3://bucket/run -o generations.jsonl'],
  arguments: [['<shards>', 'folder or s3://BUCKET/PREFIX that the shards were written to']],
  flags: { output: required('-o, --output <file>', 'file to write', outputFile) },
  async run([address], { output }, { terminal, signal }) {
    const store = await openShardStore(address!, process.env);
    const manifest = await readManifest(store);
    const total = manifest.shards.reduce((sum, { lines }) => sum + lines, 0);
    const writer = await AtomicWriter.create(output);
    try {
      for await (const line of mergedLines(store, manifest)) {
        signal.throwIfAborted();
        await writer.line(line);
        terminal.progress({ label: 'merging', done: writer.lines, total, unit: 'lines' });
      }
      await writer.commit();
    } catch (error) {
      await writer.abort();
      throw error;
    }
    terminal.say(`${readable(writer.lines)} ${manifest.kind} of ${manifest.shards.length} shards: ${output}`);
  },
});

/**
 * Question: how long does the event loop of a server wait while this library scores, trains, evaluates or resamples in the same process?
 * Run: node bench/event-loop.mjs [--quick] [--json]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { evaluate, LoggedDataset, scoreFile } from 'pope-native';
import { adamW } from 'pope-native/align';
import { loadModel } from 'pope-native/models';
import { printCells } from './harness/growth.mjs';
import { writeLargeLog } from './harness/large-log.mjs';
import { quick } from './harness/measure.mjs';
import { tokenIds, writeRandomLlama } from './harness/random-llama.mjs';

const shape = { hidden: 256, layers: 8, heads: 8, keyValueHeads: 4, intermediate: 768, vocabulary: 16384 };
const resolution = 1;

/** Milliseconds by which timers came late, from what a timer of one millisecond waited. */
async function delays(work) {
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  delay.disable();
  const late = (percentile) => Math.max(0, delay.percentile(percentile) / 1e6 - resolution);
  return { seconds, p50: late(50), p99: late(99), most: late(100) };
}

const folder = mkdtempSync(join(tmpdir(), 'pope-bench-'));
const rows = [];
try {
  await writeRandomLlama(folder, shape);
  const model = await loadModel(folder, { device: 'cpu' });
  const optimizer = adamW(model, { lr: 1e-4 });
  const slates = Array.from({ length: quick ? 4 : 32 }, (_, i) => ({
    prompt: tokenIds(64, 3 * i, shape.vocabulary),
    responses: [1, 2, 3, 4].map((k) => tokenIds(64, 3 * i + k, shape.vocabulary)),
  }));
  await model.scoreTokens(slates.slice(0, 1));
  rows.push({ name: 'score', ...(await delays(() => model.scoreTokens(slates, { entropy: true }))) });
  const train = async () => {
    for (let at = 0; at < slates.length; at += 4) {
      const batch = slates.slice(at, at + 4);
      await model.accumulateGradient(
        batch,
        batch.map(() => [0.1, 0.2, -0.1, 0.1]),
      );
      await optimizer.step();
    }
  };
  rows.push({ name: 'train', ...(await delays(train)) });
  optimizer.dispose();
  model.dispose();

  const paths = await writeLargeLog(folder, quick ? 2000 : 50_000, 10);
  const log = await LoggedDataset.open(paths.log);
  const policies = { target: scoreFile(paths.target), logging: scoreFile(paths.logging) };
  rows.push({ name: 'evaluate, bootstrap included', ...(await delays(() => evaluate(log, policies))) });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const title = 'milliseconds that timers come late';
if (process.argv.includes('--json')) console.log(JSON.stringify({ title, rows }));
else printCells({ title, rows });

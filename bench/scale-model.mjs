/**
 * Question: what would a log of 10^8 responses take on many machines, and full training of a 3B model on 8 GPUs? A simulation: rates of this
 * machine are measured first (processor time), those of GPUs are assumptions, named below. Nothing of it was run at that size.
 * `--price P`: of an hour of one machine or GPU, default 1, so that costs are hours. Run: node bench/scale-model.mjs [--price P] [--quick] [--json]
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { LoggedDataset } from 'pope-native';
import { loadModel } from 'pope-native/models';
import { writeLines } from '../dist/data/atomic-writer.js';
import { newManifest } from '../dist/shards/manifest.js';
import { mergedLines } from '../dist/shards/merge.js';
import { openShardStore } from '../dist/shards/store.js';
import { printCells } from './harness/growth.mjs';
import { writeLargeLog } from './harness/large-log.mjs';
import { expectClose, quick } from './harness/measure.mjs';
import { tokenIds, writeRandomLlama } from './harness/random-llama.mjs';
import { allReduceBytes, countedAllReduceBytes, exposedSeconds, simulateFleet } from './harness/scale.mjs';

const GB = 1e9;
const HOUR = 3600;
const flag = process.argv.indexOf('--price');
const price = flag < 0 ? 1 : Number(process.argv[flag + 1]);
if (!(price >= 0)) throw new Error('--price: expected what an hour of one machine costs');

// Assumptions. A100 SXM 80 GB by NVIDIA's data sheet: 312 TFLOP/s in bf16, 2039 GB/s of memory; shares of both that are reached.
const GPU = { flops: 312e12 * 0.4, memory: 2.039e12 * 0.7 };
const LINKS = { NVLink: 200 * GB, '100 Gb/s': 12.5 * GB };
// Llama-3.2-3B, by its config.json.
const MODEL = { parameters: 3_212_749_824, layers: 28, hidden: 3072, kept: 45_056 };
// The log: 2 * 10^7 slates of five responses of 100 tokens after a prompt of 200, four bytes a token, 150 bytes of JSON a response.
const LOG = { responses: 1e8, slate: 5, prompt: 200, response: 100 };
LOG.tokens = (LOG.responses / LOG.slate) * (LOG.prompt + LOG.slate * LOG.response);
LOG.bytes = 4 * LOG.tokens + 150 * LOG.responses;
const SCORE_LINE = 330;
const WORKER = { startup: 60, lifetime: 24 * HOUR, silence: 90, spread: 0.2 };
const SHARD_SECONDS = 300;

function validate() {
  for (const n of [2, 3, 8])
    expectClose('bytes of a ring', [allReduceBytes(1e6, n)], [countedAllReduceBytes(1e6, n)], 1e-6);
  const plain = { shards: 1000, seconds: 60, workers: 7, startup: 30 };
  expectClose('a fleet without deaths', [simulateFleet(plain).seconds], [30 + Math.ceil(1000 / 7) * 60], 1e-6);
  // To first order a shard of d seconds loses d^2 / 2 L where workers live L.
  const mortal = { ...plain, shards: 1e5, lifetime: 6000, silence: 10 };
  expectClose('what deaths cost', [simulateFleet(mortal).lost / ((1e5 * 60 ** 2) / 12_000)], [1], 0.05);
  const pass = { layers: 28, backward: 1, bytes: 10 * GB };
  expectClose('gradients sent at once', [exposedSeconds({ ...pass, bandwidth: Infinity })], [0], 0);
  expectClose(
    'the last layer is sent after the pass',
    [exposedSeconds({ ...pass, bandwidth: 100 * GB })],
    [0.1 / 28],
    1e-9,
  );
  expectClose('a slow link', [exposedSeconds({ ...pass, bandwidth: GB })], [10 - 27 / 28], 1e-9);
}

/** Processor seconds. */
async function secondsOf(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

async function measuredRates() {
  const folder = mkdtempSync(join(tmpdir(), 'pope-bench-'));
  try {
    const shape = { hidden: 512, layers: 6, heads: 8, keyValueHeads: 4, intermediate: 1408, vocabulary: 4096 };
    await writeRandomLlama(folder, shape);
    const model = await loadModel(folder, { device: 'cpu' });
    const perLayer = 2 * shape.hidden ** 2 * (1 + 0.5) + 3 * shape.hidden * shape.intermediate;
    const parameters = shape.layers * perLayer + shape.vocabulary * shape.hidden;
    const ids = (length, seed) => tokenIds(length, seed, shape.vocabulary);
    const responses = Array.from({ length: LOG.slate }, (_, k) => ids(LOG.response, k + 1));
    const slates = [{ prompt: ids(LOG.prompt, 0), responses }];
    await model.scoreTokens(slates, { entropy: true });
    const rounds = quick ? 2 : 10;
    const scoring = await secondsOf(async () => {
      for (let i = 0; i < rounds; i++) await model.scoreTokens(slates, { entropy: true });
    });
    model.dispose();
    const tokens = rounds * (LOG.prompt + LOG.slate * LOG.response);

    const { log: path } = await writeLargeLog(folder, quick ? 2_000 : 20_000, 10);
    const log = await LoggedDataset.open(path);
    let queries = 0;
    const reading = await secondsOf(async () => {
      for await (const _ of log) queries++;
    });
    const hashing = await secondsOf(() => log.sha256());

    const store = await openShardStore(join(folder, 'run/'), {});
    const lines = 10 * queries;
    const shard = { from: 0, to: queries, at: null, queries, lines };
    const work = { kind: 'scores', identity: 'i', arithmetic: 'a', log: 'l', plan: {} };
    const manifest = newManifest(work, [shard]);
    const file = join(folder, 'shard');
    const line = { identity: 'i', text: 'x'.repeat(SCORE_LINE - 30) };
    async function* same() {
      for (let i = 0; i < lines; i++) yield line;
    }
    await writeLines(file, same());
    const publishing = await secondsOf(() => store.publish(manifest.shards[0].name, { file }));
    const merging = await secondsOf(() => writeLines(join(folder, 'merged'), mergedLines(store, manifest)));
    const bytes = statSync(path).size;
    return {
      parameters,
      tokens: tokens / scoring,
      flops: (2 * parameters * tokens) / scoring,
      reading: bytes / reading,
      hashing: bytes / hashing,
      publishing: (lines * SCORE_LINE) / publishing,
      merging: lines / merging,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The log scored by N workers that do so many operations a second. */
function scoring(name, flops, workers, rates) {
  const work = (2 * MODEL.parameters * LOG.tokens) / flops;
  const shards = Math.max(workers, Math.ceil(work / SHARD_SECONDS));
  const planning = LOG.bytes / rates.reading + LOG.bytes / rates.hashing;
  const startup = WORKER.startup + LOG.bytes / rates.hashing;
  const fleet = simulateFleet({ ...WORKER, startup, shards, seconds: work / shards, workers });
  const merging = LOG.responses / rates.merging;
  const results = SCORE_LINE * LOG.responses;
  return {
    name: `${workers} x ${name}`,
    shards,
    'plan h': planning / HOUR,
    'work h': fleet.seconds / HOUR,
    'merge h': merging / HOUR,
    'machine h': (workers * fleet.seconds) / HOUR,
    'lost h': fleet.lost / HOUR,
    'traffic GB': (workers * (LOG.bytes + 2 * MODEL.parameters) + LOG.bytes + 3 * results) / GB,
    cost: (price * (workers * fleet.seconds + planning + merging)) / HOUR,
  };
}

/** A step of full training on eight GPUs, each with four batches of 8,192 tokens. */
function training(zero, checkpointing, link) {
  const { parameters, layers, hidden, kept } = MODEL;
  const [n, rows, batches] = [8, 8192, 4];
  const bandwidth = LINKS[link];
  // Weights, gradients and two moments in f32; ZeRO-1 shards the moments.
  const state = parameters * (8 + (zero === 1 ? 8 / n : 8));
  const activations = 4 * rows * (checkpointing ? layers * hidden + kept : layers * kept);
  // Scores without a tape, forward, backward twice that, and forward once more where less was kept.
  const passes = 2 + 2 + 4 + (checkpointing ? 2 : 0);
  const compute = (passes * parameters * rows * batches) / GPU.flops;
  const backward = ((checkpointing ? 6 : 4) * parameters * rows) / GPU.flops;
  const gradients = 4 * parameters;
  const sent = allReduceBytes(gradients, n);
  // ZeRO-1: half of it, the reduce-scatter, during the last backward pass; the all-gather of weights after the update.
  const exposed =
    zero === 1
      ? exposedSeconds({ layers, backward, bytes: sent / 2, bandwidth }) + sent / 2 / bandwidth
      : exposedSeconds({ layers, backward, bytes: sent, bandwidth });
  // AdamW reads weight, gradient and moments and writes all but the gradient: 28 bytes a parameter.
  const update = (28 * parameters) / (zero === 1 ? n : 1) / GPU.memory;
  const seconds = compute + exposed + update;
  return {
    name: `ZeRO-${zero}, ${checkpointing ? 'checkpointing' : 'all kept'}, ${link}`,
    'GB a GPU': (state + activations) / GB + 1,
    'GB sent a step': sent / GB,
    'compute s': compute,
    'send s': sent / bandwidth,
    'not hidden s': exposed,
    'update s': update,
    'step s': seconds,
    'cost of 1000 steps': (price * n * 1000 * seconds) / HOUR,
  };
}

function report(title, rows) {
  if (process.argv.includes('--json')) console.log(JSON.stringify({ title, rows }));
  else printCells({ title, rows });
}

validate();
const rates = await measuredRates();
report('Rates of this machine, a processor second', [
  {
    name: 'measured',
    [`tokens of a ${Math.round(rates.parameters / 1e6)}M model`]: rates.tokens,
    GFLOP: rates.flops / 1e9,
    'MB of log read': rates.reading / 1e6,
    'MB hashed': rates.hashing / 1e6,
    'MB published': rates.publishing / 1e6,
    'lines merged': rates.merging,
  },
]);
const machine = rates.flops * cpus().length;
report(
  `Simulated: ${LOG.responses.toExponential(0)} responses, ${LOG.tokens.toExponential(1)} tokens, ${(LOG.bytes / GB).toFixed(0)} GB, scored by a 3B model`,
  [
    scoring('this machine', machine, 512, rates),
    ...[1, 8, 64, 512].map((workers) => scoring('A100 (assumed)', GPU.flops, workers, rates)),
  ],
);
report('Simulated: full training of a 3B model on 8 x A100 80 GB (assumed)', [
  ...Object.keys(LINKS).flatMap((link) => [
    training(0, true, link),
    training(1, true, link),
    training(0, false, link),
    training(1, false, link),
  ]),
]);

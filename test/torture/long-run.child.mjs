/**
 * Loads a model, scores, generates, trains and gives everything back, again and again; prints a line of JSON with what the
 * process holds after every few cycles.
 *
 *     node --expose-gc long-run.child.mjs MODEL FOLDER SECONDS
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  align,
  generateToFile,
  LocalGenerator,
  LocalPolicy,
  LoggedDataset,
  loadModel,
  scoreToFile,
} from '../../dist/index.js';

const [, , folder, scratch, duration] = process.argv;
const SAMPLES = 120;

const slates = Array.from({ length: 24 }, (_, q) => ({
  id: `q${q}`,
  prompt: `which one of ${q}?`,
  responses: [1, 2, 3].map((k) => ({ id: `r${k}`, text: `${q} answer${' word'.repeat((q + k) % 7)}`, signal: k })),
}));

async function cycle() {
  const log = LoggedDataset.fromSlates(slates);
  const model = await loadModel(folder);
  await scoreToFile(new LocalPolicy(model, { batchTokens: 512 }), log, join(scratch, 'scores.jsonl'));
  const generator = new LocalGenerator(model, { n: 2, maxTokens: 8, batchTokens: 512 });
  await generateToFile(generator, log, join(scratch, 'generations.jsonl'));
  const settings = { method: 'rwsft', steps: 3, batch: 4, lr: 1e-3, checkpointEvery: 2, validateEvery: 2 };
  await align(model, log, { output: join(scratch, 'run'), ...settings });
  model.dispose();
  for (const name of readdirSync(scratch)) rmSync(join(scratch, name), { recursive: true });
}

/** From /proc/self/status, in KiB. */
const status = (field) =>
  Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))[1]);

const started = performance.now();
const seconds = () => (performance.now() - started) / 1000;
let cycles = 0;
let next = 0;
while (seconds() < Number(duration)) {
  await cycle();
  cycles++;
  if (seconds() < next) continue;
  next += Number(duration) / SAMPLES;
  globalThis.gc();
  console.log(
    JSON.stringify({
      seconds: seconds(),
      cycles,
      residentBytes: 1024 * status('VmRSS'),
      heapBytes: process.memoryUsage().heapUsed,
      threads: status('Threads'),
      descriptors: readdirSync('/proc/self/fd').length,
      handles: process.getActiveResourcesInfo().length,
    }),
  );
}

/**
 * Runs out of memory in three ways, under a limit on its address space that it sets once everything is loaded (Node
 * reserves far more than it uses), and prints what it was told each time and whether it could go on.
 *
 *     node out-of-memory.child.mjs MODEL FOLDER
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { adamW, align, LocalPolicy, LoggedDataset, loadModel } from '../../dist/index.js';
import { TrainedParameters } from '../../dist/models/trained-parameters.js';

const [, , folder, output] = process.argv;
/** Far above what small batches and the garbage of JavaScript need, far below what large batches do. */
const SPARE = 800 * 2 ** 20;

const slates = Array.from({ length: 40 }, (_, q) => ({
  id: `q${q}`,
  prompt: 'which one?',
  responses: [1, 2].map((k) => ({ id: `r${k}`, text: `${q}${' word'.repeat(10)}`, signal: k })),
}));

async function score(batchTokens) {
  const sums = [];
  for await (const { responses } of new LocalPolicy(model, { batchTokens }).score(slates)) {
    sums.push(...responses.map(({ logprob }) => logprob));
  }
  return sums;
}

const train = (name, batchTokens) =>
  align(model, LoggedDataset.fromSlates(slates), {
    output: join(output, name),
    method: 'sft-all',
    responses: 'all',
    batch: 40,
    steps: 1,
    splitRatio: [1, 0, 0],
    validationQueries: 1,
    batchTokens,
  });

/** What an attempt says when it fails, and how many buffers it left behind. */
async function attempt(work) {
  const before = model.memoryStats().liveBuffers;
  try {
    await work();
    return { code: 'none' };
  } catch ({ code, message }) {
    return { code, message, left: model.memoryStats().liveBuffers - before };
  }
}

const model = await loadModel(folder);
const before = await score(64);
await train('warm', 64);
const trained = await score(64);
const pages = Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[0]);
execFileSync('prlimit', ['--pid', String(process.pid), `--as=${pages * 4096 + SPARE}:`]);

const attempts = {
  scoring: await attempt(() => score(4096)),
  training: await attempt(() => train('large', 4096)),
  optimizer: await attempt(() => {
    const weight = model.trained.tensors.get('model.layers.0.mlp.up_proj.weight');
    const tensors = new Map(Array.from({ length: 200 }, (_, i) => [`copy ${i}`, weight]));
    return adamW({ trained: new TrainedParameters(model.trained.device, tensors) }, { lr: 1 });
  }),
};
const again = await score(64);
await train('small', 64);
console.log(JSON.stringify({ attempts, before, trained, again }));

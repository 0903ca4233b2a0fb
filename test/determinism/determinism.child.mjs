/**
 * Scores, generates, trains and evaluates in a folder of its own, and prints the hash of what came of each.
 *
 *     POPE_THREADS=n node determinism.child.mjs MODEL FOLDER BATCH_TOKENS STOP DTYPE
 *
 * With STOP above 0, work is stopped after every so many queries, samples or steps, and begun again.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  align,
  evaluate,
  generateToFile,
  LocalGenerator,
  LocalPolicy,
  LoggedDataset,
  loadModel,
  resumeFolder,
  scoreFile,
  scoreToFile,
} from '../../dist/index.js';

const [, , folder, scratch, tokens, stopAfter, dtype] = process.argv;
const batchTokens = Number(tokens);
const stop = Number(stopAfter);

const slates = Array.from({ length: 30 }, (_, q) => ({
  id: `q${q}`,
  prompt: `which one${' of these'.repeat(q % 4)}?`,
  responses: Array.from({ length: 2 + (q % 3) }, (_, k) => ({
    id: `r${k}`,
    text: `${q} word${' and another'.repeat((q * k) % 5)}`,
    signal: (q + 3 * k) % 7,
    logging: { logprob: -20 - ((q * k) % 9), tokens: 4 + k },
  })),
}));
const log = () => LoggedDataset.fromSlates(slates);
const hash = (text) => createHash('sha256').update(text).digest('hex').slice(0, 16);
const file = (name) => join(scratch, name);

/** Work that is stopped once it has counted to `stop`, twice that, and so on, and begun again until it ends. */
async function stopping(work) {
  for (let limit = stop; ; limit += stop) {
    const controller = new AbortController();
    const onCount = (count) => {
      if (stop > 0 && count >= limit) controller.abort(new Error('stopped'));
    };
    try {
      return await work(controller.signal, onCount);
    } catch (error) {
      if (error.message !== 'stopped') throw error;
    }
  }
}

async function train(signal, onCount) {
  const output = file('run');
  const model = await loadModel((await resumeFolder(output)) ?? folder, { dtype });
  try {
    const settings = {
      method: 'pope',
      logging: 'log',
      steps: 6,
      batch: 4,
      lr: 1e-3,
      validateEvery: 3,
      checkpointEvery: 2,
      seed: 3,
    };
    await align(model, log(), { ...settings, output, resume: true, signal, onProgress: ({ step }) => onCount(step) });
  } finally {
    model.dispose();
  }
}

const model = await loadModel(folder, { dtype, frozen: true });
await stopping((signal, onCount) =>
  scoreToFile(new LocalPolicy(model, { batchTokens }), log(), file('scores.jsonl'), {
    signal,
    onProgress: ({ queries }) => onCount(queries),
  }),
);
await stopping((signal, onCount) =>
  generateToFile(
    new LocalGenerator(model, { n: 2, maxTokens: 8, seed: 5, batchTokens }),
    log(),
    file('generations.jsonl'),
    {
      signal,
      onProgress: ({ samples }) => onCount(samples),
    },
  ),
);
await stopping(train);
const evaluation = await evaluate(log(), {
  target: scoreFile(file('scores.jsonl')),
  logging: 'log',
  resamples: 500,
  seed: 2,
});
const { environment: _, ...figures } = evaluation;
console.log(
  JSON.stringify({
    score: hash(readFileSync(file('scores.jsonl'))),
    generate: hash(readFileSync(file('generations.jsonl'))),
    align: hash(readFileSync(join(file('run'), 'model', 'model.safetensors'))),
    bootstrap: hash(JSON.stringify(figures)),
  }),
);

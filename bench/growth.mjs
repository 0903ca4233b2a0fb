/**
 * Question: how do time and memory grow with queries, slate size, response length, vocabulary and threads? Exponents of the powers that
 * fit best; 1 is proportional. Files of ten million responses are another question (streaming.mjs).
 * Run: node bench/growth.mjs [--quick] [--json]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { evaluate } from 'pope-native';
import { tokenLogProbs } from 'pope-native/kernels';
import { loadModel } from 'pope-native/models';
import { reportGrowth } from './harness/growth.mjs';
import { measure, quick } from './harness/measure.mjs';
import { tokenIds, writeRandomLlama } from './harness/random-llama.mjs';
import { threads } from './harness/threads.mjs';

const shape = { hidden: 256, layers: 4, heads: 8, keyValueHeads: 4, intermediate: 704, vocabulary: 4096 };
const powers = (from, to, step) => {
  const sizes = [];
  for (let size = from; size <= to; size *= step) sizes.push(size);
  return sizes;
};

/** The median, milliseconds. */
async function time(run) {
  const [row] = await measure({ run }, { rounds: quick ? 1 : 5 });
  return row.median;
}

/** A policy with made-up scores for every slate. */
function scores(name, noise) {
  const identity = { policy: name, model: null, tokenizer: null, temperature: 1, dtype: 'f32' };
  return {
    id: name,
    identity,
    async *score(slates) {
      let i = 0;
      for await (const { id, responses } of slates) {
        const score = ({ id: response, text }) => {
          const logprob = -2 - noise * (1 + Math.sin(++i * 12.9898));
          return { response, logprob, tokens: 2, bytes: text.length, entropy: null, key: null };
        };
        yield { query: id, responses: responses.map(score) };
      }
    },
  };
}

function logOf(queries, slate) {
  return Array.from({ length: queries }, (_, i) => ({
    id: `q${i}`,
    prompt: 'p',
    responses: Array.from({ length: slate }, (_, k) => ({ id: `r${k}`, text: 'yes', signal: (i * 7 + k * 3) % 5 })),
  }));
}

async function evaluations() {
  const measured = async (size, queries, slate) => {
    const log = logOf(queries, slate);
    const policies = { target: scores('target', 0.3), logging: scores('logging', 0.2) };
    return { size, milliseconds: await time(() => evaluate(log, policies)) };
  };
  const byQueries = [];
  for (const queries of powers(1000, quick ? 10_000 : 100_000, 10)) byQueries.push(await measured(queries, queries, 4));
  reportGrowth('evaluate slates of 4 in memory, 1000 resamples', 'queries', byQueries);
  const bySlate = [];
  for (const slate of powers(1, 64, 4)) bySlate.push(await measured(slate, 2000, slate));
  reportGrowth('evaluate 2000 queries in memory, 1000 resamples', 'responses a slate', bySlate);
}

async function scoring() {
  const folder = mkdtempSync(join(tmpdir(), 'pope-bench-'));
  try {
    await writeRandomLlama(folder, shape);
    const ids = (length, seed) => tokenIds(length, seed, shape.vocabulary);
    const scored = async (size, responses, tokens) => {
      const model = await loadModel(folder, { device: 'cpu' });
      const slate = { prompt: ids(256, 0), responses: Array.from({ length: responses }, (_, k) => ids(tokens, k + 1)) };
      const milliseconds = await time(() => model.scoreTokens([slate], { entropy: true }));
      const { peakBytes } = model.memoryStats();
      model.dispose();
      return { size, milliseconds, megabytes: peakBytes / 1e6 };
    };
    const bySlate = [];
    for (const responses of powers(1, 64, 4)) bySlate.push(await scored(responses, responses, 32));
    reportGrowth('score a slate, prompt of 256 tokens, responses of 32', 'responses', bySlate);
    const byLength = [];
    for (const tokens of powers(16, quick ? 256 : 1024, 4)) byLength.push(await scored(tokens, 4, tokens));
    reportGrowth('score a slate of 4, prompt of 256 tokens', 'tokens a response', byLength);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timeOfKernel(vocab) {
  const rows = 64;
  const logits = Float32Array.from({ length: rows * vocab }, (_, i) => Math.sin(i * 12.9898));
  const targets = Int32Array.from({ length: rows }, (_, row) => row);
  return await time(() => tokenLogProbs({ logits, dtype: 'f32', rows, vocab, targets, entropy: true }));
}

async function vocabularies() {
  const points = [];
  for (const vocab of powers(4096, quick ? 65_536 : 262_144, 4)) {
    points.push({ size: vocab, milliseconds: await timeOfKernel(vocab) });
  }
  reportGrowth('log-probability and entropy of 64 rows of logits', 'tokens of vocabulary', points);
}

/** The pool's size is fixed when it starts: each number of threads in a process of its own. */
function threadCounts() {
  const points = powers(1, threads, 2).map((count) => {
    const env = { ...process.env, POPE_THREADS: String(count) };
    const printed = execFileSync(process.execPath, [fileURLToPath(import.meta.url), '--kernel'], { env });
    return { size: count, milliseconds: Number(printed) };
  });
  if (points.length > 1) reportGrowth('log-probability and entropy, 64 rows of 128256 logits', 'threads', points);
}

if (process.argv.includes('--kernel')) {
  console.log(await timeOfKernel(128_256));
} else {
  await evaluations();
  await scoring();
  await vocabularies();
  threadCounts();
}

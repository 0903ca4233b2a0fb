/**
 * Question: what do whole models of 1 to 4 billion parameters take on a GPU to score slates, to draw 50 samples of a prompt and
 * to take a step of POPE, SFT and DPO, and what does packing gain? Random weights; what is timed is checked first. Peers with
 * the same shapes: model_peers.py. Run after `npm run build` and `npm run build:cuda`:
 *
 *   node bench/gpu/models.mjs [--device cuda|cpu] [--dtype bf16|f32] [--models NAME,..] [--slates N] [--checkpointing]
 *       [--out FILE] [--quick]
 *
 * --quick takes the tiny model and little work, on any device: to see that it runs. Every row is a model of its own, so that
 * its peak of memory is the work's. Rows of FLOP/s count two per parameter of the blocks and row, six with the backward pass,
 * and the head on the rows of responses; attention comes on top. Their share is of what a square product reaches here.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { objectiveOf, popeRule } from '../../dist/align/method.js';
import { adamW } from '../../dist/align/optimizer.js';
import { resolveSettings } from '../../dist/align/options.js';
import { Trainer } from '../../dist/align/trainer.js';
import { Ranks } from '../../dist/distributed/ranks.js';
import { Device } from '../../dist/tensor/device.js';
import { gatherRows, matmul } from '../../dist/tensor/ops/index.js';
import { expectClose, measure, quick } from '../harness/measure.mjs';
import { randomModel, shapes } from './random-model.mjs';

const { values: options } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda' },
    dtype: { type: 'string' },
    models: { type: 'string', default: quick ? 'tiny' : 'Llama-3.2-1B,Llama-3.2-3B,Qwen3-4B,Phi-3.5-mini' },
    slates: { type: 'string', default: quick ? '2' : '8' },
    checkpointing: { type: 'boolean', default: false },
    out: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});
const dtype = options.dtype ?? (options.device === 'cpu' ? 'f32' : 'bf16');
const count = Number(options.slates);
const prompt = quick ? 32 : 512;
const length = quick ? 8 : 64;
const rounds = quick ? 2 : 5;
const batchTokens = 16384;
const rows = [];
const ceiling = await matrixCeiling();
console.log(`ceiling: ${(ceiling * 1e-12).toFixed(2)} TFLOP/s, a square product in ${dtype}`);

for (const name of options.models.split(',')) {
  const vocabulary = shapes[name].vocab_size;
  const ids = (size, seed) => Array.from({ length: size }, (_, i) => (i * 7919 + seed * 104729 + 3) % vocabulary);
  const slates = (responses) =>
    Array.from({ length: count }, (_, i) => ({
      prompt: ids(prompt, 1000 * i),
      responses: Array.from({ length: responses }, (_, k) => ids(length, 1000 * i + k + 1)),
    }));
  await time(name, 'score, 16 responses, packed', score(slates(16), true));
  await time(name, 'score, 16 responses, unpacked', score(slates(16), false));
  await time(name, 'generate 50 samples', generate(slates(0)));
  await time(name, 'gradient, 16 responses, packed', gradient(slates(16), true));
  await time(name, 'gradient, 16 responses, unpacked', gradient(slates(16), false));
  await time(name, 'step of POPE, 16 responses', step('pope', slates(16)));
  await time(name, 'step of POPE, 16 responses, LoRA 8', step('pope', slates(16), 8));
  await time(name, 'step of SFT, one response', step('sft', slates(1)));
  await time(name, 'step of DPO, 2 responses', step('dpo', slates(2)));
}

/** After every row: what there is stays where a later one is cut off. */
function save() {
  if (!options.out) return;
  writeFileSync(options.out, `${JSON.stringify({ device: options.device, dtype, ceiling, times: rows }, null, 1)}\n`);
}

/** Operations per second of a square product in `dtype`, both factors at hand: what the rows are a share of. */
async function matrixCeiling() {
  const size = quick ? 128 : 8192;
  const runs = quick ? 2 : 20;
  const device = Device.open(options.device, { products: dtype });
  try {
    const square = (seed) => {
      const numbers = new Float32Array(size * size).map((_, i) => ((i * 7919 + seed) % 1009) / 1009 - 0.5);
      const tensor = device.tensor(numbers, [size, size]);
      device.products.keepCopyOf(tensor);
      return tensor;
    };
    const [a, b] = [square(1), square(2)];
    const run = async () => {
      let last = null;
      for (let i = 0; i < runs; i++) {
        last?.dispose();
        last = matmul(a, b, { transposed: true });
      }
      const one = gatherRows(last, device.tensor([0], [1], 'i32'));
      await one.read(); // waits for all of them
      last.dispose();
    };
    const [{ median }] = await measure({ ceiling: run }, { rounds });
    return (2 * size ** 3 * runs) / (median * 1e-3);
  } finally {
    await device.close();
  }
}

/** Times `make(model)`, or says why there is no row: no memory, or a result that is wrong. `work` counts what one run does. */
async function time(name, what, { make, work, frozen = false }) {
  let opened;
  try {
    opened = await randomModel(name, options.device, dtype, { frozen });
    const { model, parameters, multiplied } = opened;
    const run = await make(model);
    const [{ median }] = await measure({ [what]: run }, { rounds });
    const { modelRows, headRows, passes, tokens } = work;
    const headSize = model.config.vocabulary * model.config.width;
    const operations = 2 * passes * (modelRows * multiplied + headRows * headSize);
    const { peakBytes } = model.memoryStats();
    const row = {
      model: name,
      what,
      ms: median,
      tokensPerSecond: tokens / (median * 1e-3),
      flops: operations / (median * 1e-3),
      shareOfCeiling: operations / (median * 1e-3) / ceiling,
      peakBytes,
      parameters,
      trained: [...model.trained.tensors.values()].reduce((sum, { size }) => sum + size, 0),
    };
    rows.push(row);
    save();
    console.log(
      `${name.padEnd(14)} ${what.padEnd(36)} ${median.toFixed(1).padStart(10)} ms ` +
        `${row.tokensPerSecond.toFixed(0).padStart(9)} response tokens/s ${(row.flops * 1e-12).toFixed(2).padStart(8)} TFLOP/s ` +
        `= ${(100 * row.shareOfCeiling).toFixed(0).padStart(3)} % of a product's, ` +
        `peak ${(peakBytes * 1e-9).toFixed(2)} GB`,
    );
  } catch (error) {
    if (error.code !== 'OUT_OF_MEMORY') process.exitCode = 1;
    const why = error.code === 'OUT_OF_MEMORY' ? 'left out' : 'failed';
    console.log(`${name.padEnd(14)} ${what.padEnd(36)} ${why}: ${error.message}`);
  } finally {
    opened?.model.dispose();
  }
}

/** Rows of a pass over slates: the last token of a response is predicted only. */
function rowsOf(slates, packed) {
  const responses = slates.flatMap((slate) => slate.responses);
  const own = responses.reduce((sum, { length }) => sum + length - 1, 0);
  return { modelRows: own + (packed ? slates : responses).length * prompt, headRows: responses.length * length };
}

function score(slates, packed) {
  const { modelRows, headRows } = rowsOf(slates, packed);
  const means = (scores) => scores.flat().map(({ mean }) => mean);
  return {
    frozen: true,
    work: { modelRows, headRows, passes: 1, tokens: headRows },
    make: async (model) => {
      const run = (some, how) => model.scoreTokens(some, { entropy: true, packed: how, batchTokens });
      const one = slates.slice(0, 1);
      expectClose(
        'packed means',
        means(await run(one, true)),
        means(await run(one, false)),
        dtype === 'bf16' ? 0.05 : 2e-3,
      );
      return () => run(slates, packed);
    },
  };
}

function generate(slates) {
  const [n, maxTokens] = quick ? [5, 8] : [50, 128];
  const samples = slates.length * n;
  return {
    frozen: true,
    // The first token comes from the prompt's pass.
    work: {
      modelRows: slates.length * prompt + samples * (maxTokens - 1),
      headRows: samples * maxTokens,
      passes: 1,
      tokens: samples * maxTokens,
    },
    make: async (model) => {
      const prompts = slates.map((slate) => ({ ids: slate.prompt }));
      const some = { n, maxTokens, stop: [], batchTokens: 2 ** 16 };
      const [[first], [again]] = [
        await model.generateBatch(prompts.slice(0, 1), some),
        await model.generateBatch(prompts, some),
      ];
      const scored = await model.scoreTokens([{ prompt: slates[0].prompt, responses: [first[0].ids] }]);
      expectClose('log-probability of a sample', [first[0].logProb], [scored[0][0].sum], dtype === 'bf16' ? 5 : 0.1);
      if (first[0].ids.length !== again[0].ids.length) throw new Error('samples depend on the other prompts');
      return () => model.generateBatch(prompts, some);
    },
  };
}

/** The gradient alone, without optimizer, and what packing saves of it. */
function gradient(slates, packed) {
  const { modelRows, headRows } = rowsOf(slates, packed);
  const coefficients = slates.map(({ responses }) => responses.map((_, k) => (k + 1) / responses.length));
  return {
    work: { modelRows, headRows, passes: 3, tokens: headRows },
    make: async (model) => {
      const { checkpointing } = options;
      const name = model.parameterNames().at(-1);
      return async () => {
        await model.accumulateGradient(slates, coefficients, { packed, batchTokens, checkpointing });
        const some = await model.gradient(name); // waits for the pass
        if (!some.every(Number.isFinite)) throw new Error(`the gradient of ${name} is not finite`);
      };
    },
  };
}

/** A step of the trainer on `slates`, all of them; with `rank` of low-rank adapters only. */
function step(method, slates, rank = null) {
  const { modelRows, headRows } = rowsOf(slates, true);
  return {
    frozen: rank !== null,
    work: { modelRows, headRows, passes: 3, tokens: headRows },
    make: async (model) => {
      const { checkpointing } = options;
      if (rank !== null) model.addLora({ rank, alpha: 2 * rank });
      const settings = resolveSettings({
        method,
        batch: slates.length,
        steps: 100,
        batchTokens,
        checkpointing,
        responses: 'all',
      });
      const scores = await model.scoreTokens(slates, { batchTokens });
      const training = slates.map((slate, i) => ({
        query: `${i}`,
        weight: 1 / slates.length,
        prompt: slate.prompt,
        responses: slate.responses.map((ids, k) => {
          const logProb = scores[i][k].sum;
          const known = { loggingLogProb: logProb, loggingTokens: ids.length, referenceLogProb: logProb };
          return {
            id: `${k}`,
            ids,
            bytes: ids.length,
            reward: (((k + 1) * 7) % 16) / 16,
            likelihoodWeight: 1,
            ...known,
          };
        }),
      }));
      const rule = popeRule(settings, 0);
      const trainer = new Trainer({
        model,
        optimizer: adamW(model, { lr: settings.lr, maxNorm: 1 }),
        ranks: new Ranks(null),
        slates: training,
        settings,
        schedule: { name: 'constant', rate: settings.lr, warmup: 0, steps: 100 },
        objective: objectiveOf(settings, rule),
        rule,
      });
      let index = 0;
      const run = async () => {
        await trainer.step(index++);
        await trainer.finish();
        const [{ gradientNorm }] = trainer.takeFinished();
        if (!(gradientNorm > 0 && Number.isFinite(gradientNorm)))
          throw new Error(`${method}: a gradient of norm ${gradientNorm}`);
      };
      await run();
      return run;
    },
  };
}

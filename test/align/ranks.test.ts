/** Training on several ranks: which numbers are those of one process, and which of other ranks, bit by bit. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { BatchPlan } from '../../src/align/batch-plan.js';
import { type AlignOptions, type AlignResult, align } from '../../src/align/index.js';
import { trainedPart } from '../../src/align/method.js';
import { adamW } from '../../src/align/optimizer.js';
import { resolveSettings } from '../../src/align/options.js';
import { adapt, prepare } from '../../src/align/prepare.js';
import { resumeFolder } from '../../src/align/run-folder.js';
import { learningRate } from '../../src/align/schedule.js';
import { batchOf, type TrainingSlate, tokenSlate } from '../../src/align/training-slate.js';
import { LoggedDataset } from '../../src/data/dataset.js';
import { Ranks } from '../../src/distributed/ranks.js';
import { InterruptedError } from '../../src/errors.js';
import type { CausalModel } from '../../src/models/causal-model.js';
import { loadModel } from '../../src/models/index.js';
import { ranksInProcess } from '../helpers/ranks-in-process.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { expectClose, tolerances } from '../helpers/tolerance.js';
import { readMetrics, shortRun, trainingLog } from './runs.js';

const folder = temporaryFolder();
const slates = trainingLog(30);
let references = 0;
let base: string;
beforeAll(async () => {
  base = await tinyModel();
});

interface Outcome {
  results: AlignResult[];
  /** In memory, of every rank. */
  weights: Map<string, Float32Array>[];
}

/** A run on so many ranks. */
async function run(ranks: number, output: string, changes: Partial<AlignOptions> = {}): Promise<Outcome> {
  const communicators = ranks === 1 ? [undefined] : ranksInProcess(ranks);
  const from = (changes.resume ? await resumeFolder(output) : null) ?? base;
  const outcomes = await Promise.all(
    communicators.map(async (communicator) => {
      using model = await loadModel(from, { device: 'cpu' });
      const result = await align(model, LoggedDataset.fromSlates(slates), {
        ...shortRun(output, changes),
        communicator,
      });
      return { result, weights: await weightsOf(model) };
    }),
  );
  return { results: outcomes.map(({ result }) => result), weights: outcomes.map(({ weights }) => weights) };
}

async function weightsOf(model: CausalModel): Promise<Map<string, Float32Array>> {
  const entries = [...model.trained.tensors].map(async ([name, tensor]) => [name, await tensor.read()] as const);
  return new Map(await Promise.all(entries));
}

/** The same steps in one process by hand: the gradients of parts of a batch, each from zero, added up in f32. */
async function inMicroBatches(parts: number, changes: Partial<AlignOptions>): Promise<Map<string, Float32Array>> {
  const { output: _, logging, ...rest } = shortRun('', changes);
  const settings = resolveSettings(rest);
  using model = await loadModel(base, { device: 'cpu' });
  await adapt(model, settings);
  const path = join(folder, `reference-${references++}.jsonl`);
  const own = { path, ranks: new Ranks(null), isComplete: false, signal: undefined, onScored: undefined };
  const prepared = await prepare(model, LoggedDataset.fromSlates(slates), { logging }, settings, own);
  const { train } = prepared.log;
  const { lr, betas, eps, weightDecay, maxNorm, seed } = settings;
  using optimizer = adamW(model, { lr, betas, eps, weightDecay, maxNorm });
  const plan = new BatchPlan({ slates: train.length, batch: settings.batch, seed });
  for (let step = 0; step < prepared.schedule.steps; step++) {
    const batch = plan.at(step).map((position) => trainedPart(train[position]!, settings, { step, position }));
    const sum = await gradientInParts(model, batch, parts, { objective: prepared.objective, pass: step + 1 });
    await model.accumulateGradient([tokenSlate(batch[0]!)], [batch[0]!.responses.map(() => 0)]);
    for (const { name, gradient } of model.trained.gradients()) model.trained.device.write(gradient, sum.get(name)!);
    await optimizer.step({ lr: learningRate(prepared.schedule, step) });
  }
  return weightsOf(model);
}

async function gradientInParts(
  model: CausalModel,
  batch: readonly TrainingSlate[],
  parts: number,
  { objective, pass }: Pick<Awaited<ReturnType<typeof prepare>>, 'objective'> & { pass: number },
): Promise<Map<string, Float32Array>> {
  const scores = (await model.scoreTokens(batch.map(tokenSlate))).flat();
  const columns = batchOf(batch, { logProb: Float64Array.from(scores, ({ sum }) => sum), entropy: null });
  const { coefficients } = objective(columns);
  const sums = new Map<string, Float32Array>();
  for (let part = 0; part < parts; part++) {
    const start = (of: number) => Math.floor((batch.length * of) / parts);
    const own = [...batch.keys()].slice(start(part), start(part + 1));
    if (own.length === 0) continue;
    model.clearGradients();
    await model.accumulateGradient(
      own.map((i) => tokenSlate(batch[i]!)),
      own.map((i) => coefficients.subarray(columns.offsets[i], columns.offsets[i + 1])),
      { reduction: 'sum', pass, firstSlate: own[0]! },
    );
    for (const name of model.parameterNames()) {
      const gradient = await model.gradient(name);
      sums.set(name, sums.get(name)?.map((x, i) => x + gradient[i]!) ?? gradient);
    }
  }
  return sums;
}

/** What a run leaves on disk, but for times. */
function files(output: string) {
  const bytes = (path: string) => readFileSync(join(output, path)).toString('base64');
  return {
    metrics: readMetrics(output).map((line) => ({ ...line, seconds: undefined, time: undefined })),
    model: bytes('model/model.safetensors'),
    moments: bytes('checkpoints/step-4/optimizer.safetensors'),
    result: JSON.parse(readFileSync(join(output, 'result.json'), 'utf8')),
  };
}

describe.each([
  ['pope', { method: 'pope', weightDecay: 0.01, maxNorm: 0.5, baseline: 'mean', proximity: 0.1 }],
  ['drawn responses', { method: 'opinion', batch: 7, schedule: 'cosine' }],
  ['adapters with dropout', { method: 'sft-all', responses: 'all', lora: 2, loraDropout: 0.3, batch: 5 }],
] as [string, Partial<AlignOptions>][])('with %s', (name, given) => {
  const changes = { steps: 4, validationQueries: 8, ...given };

  it('two ranks have the bits of one process that adds up two micro-batches', async () => {
    const { weights } = await run(2, join(folder, `${name} 2`), changes);
    expect(weights[0]).toEqual(await inMicroBatches(2, changes));
    expect(weights[1]).toEqual(weights[0]);
  });

  it('the moments spread over the ranks change no bit of what a run leaves', async () => {
    const { weights } = await run(2, join(folder, `${name} 2 spread`), { ...changes, zero: 1 });
    expect(weights[1]).toEqual(weights[0]);
    expect(files(join(folder, `${name} 2 spread`))).toEqual(files(join(folder, `${name} 2`)));
  });

  it('what is of all slates has the bits of one process as long as the weights have', async () => {
    const output = join(folder, `${name} 1`);
    await run(1, output, changes);
    const [alone, together] = [output, join(folder, `${name} 2`)].map((path) => files(path).metrics);
    const { gradientNorm, ...figures } = alone![1]!;
    expect(together!.slice(0, 2)).toMatchObject([alone![0], figures]);
    expectClose([together![1]!.gradientNorm], [gradientNorm], tolerances.f32);
  });
});

it('ranks without a slate of their own take part', async () => {
  const changes = { steps: 2, batch: 2, zero: 1, checkpointEvery: 0, validationQueries: 2 } as const;
  const { results, weights } = await run(5, join(folder, 'five'), changes);
  for (const rank of [1, 2, 3, 4]) {
    expect(weights[rank]).toEqual(weights[0]);
    expect(results[rank]).toEqual(results[0]);
  }
  const alone = await run(1, join(folder, 'one'), changes);
  for (const [name, values] of alone.weights[0]!)
    expectClose(weights[0]!.get(name)!, values, { atol: 1e-4, rtol: 1e-3 });
});

describe('a run that a signal to one rank has stopped', () => {
  const changes = { steps: 4, checkpointEvery: 0, validationQueries: 8, zero: 1 } as const;
  let whole: Outcome;

  /** Stopped when step 3 is under way. */
  async function halted(output: string): Promise<string> {
    const controller = new AbortController();
    const stopped = Promise.allSettled(
      ranksInProcess(2).map(async (communicator) => {
        using model = await loadModel(base, { device: 'cpu' });
        await align(model, LoggedDataset.fromSlates(slates), {
          ...shortRun(output, changes),
          communicator,
          onProgress: ({ step }) => {
            if (step === 2) controller.abort(new InterruptedError('INTERRUPTED', 'stopped'));
          },
          ...(communicator.rank === 0 ? { signal: controller.signal } : {}),
        });
      }),
    );
    expect(await stopped).toMatchObject([
      { reason: { code: 'INTERRUPTED', message: 'stopped' } },
      { reason: { code: 'INTERRUPTED', message: 'stopped by a signal to another rank' } },
    ]);
    return output;
  }

  beforeAll(async () => {
    whole = await run(2, join(folder, 'whole'), changes);
  });

  it('goes on to the same bits on as many ranks, wherever the moments are', async () => {
    const output = await halted(join(folder, 'halted'));
    await run(2, output, { ...changes, zero: 0, resume: true });
    expect(files(output)).toEqual(files(join(folder, 'whole')));
  });

  it('goes on alone, or on three ranks', async () => {
    for (const ranks of [1, 3]) {
      const { weights, results } = await run(ranks, await halted(join(folder, `halted ${ranks}`)), {
        ...changes,
        resume: true,
      });
      expect(results[0]!.steps).toBe(4);
      for (const [name, values] of weights[0]!) {
        expectClose(values, whole.weights[0]!.get(name)!, { atol: 1e-4, rtol: 1e-3 }, name);
      }
    }
  });
});

it('a run that diverges does so in every rank', async () => {
  const output = join(folder, 'diverging');
  const ends = await Promise.allSettled(
    ranksInProcess(2).map(async (communicator) => {
      using model = await loadModel(base, { device: 'cpu' });
      await align(model, LoggedDataset.fromSlates(slates), { ...shortRun(output, { lr: 1e30 }), communicator });
    }),
  );
  expect(ends).toMatchObject([{ reason: { code: 'DIVERGED' } }, { reason: { code: 'DIVERGED' } }]);
});

it('ranks with other settings are refused, and nothing is written', async () => {
  const output = join(folder, 'differing');
  const ends = await Promise.allSettled(
    ranksInProcess(2).map(async (communicator) => {
      using model = await loadModel(base, { device: 'cpu' });
      const changes = { seed: communicator.rank };
      await align(model, LoggedDataset.fromSlates(slates), { ...shortRun(output, changes), communicator });
    }),
  );
  for (const end of ends) {
    expect(end).toMatchObject({ reason: { code: 'RANKS_DIFFER', message: expect.stringContaining('rank 1') } });
  }
  expect(existsSync(output)).toBe(false);
});

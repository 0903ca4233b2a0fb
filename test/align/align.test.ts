/** Whole runs of every method on a tiny model. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type AlignOptions, align } from '../../src/align/align.js';
import { LoggedDataset } from '../../src/data/dataset.js';
import { loadModel } from '../../src/models/index.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { expectClose } from '../helpers/tolerance.js';
import { readMetrics, shortRun, trainingLog } from './runs.js';

const folder = temporaryFolder();
let runs = 0;

async function run(changes: Partial<AlignOptions> = {}, slates = trainingLog()) {
  const output = join(folder, `run-${runs++}`);
  using model = await loadModel(await tinyModel());
  const result = await align(model, LoggedDataset.fromSlates(slates), shortRun(output, changes));
  return { output, result, metrics: readMetrics(output) };
}

describe('align', () => {
  it.each([
    ['pope'],
    ['pope', { objective: 'slate', form: 'expected', lambdaDiv: 1 }],
    ['pope', { objective: 'bound', lambdaDiv: 0.5, reward: 'plackett-luce' }],
    ['pope', { form: 'gated', lambdaDiv: 0.5, tokenEntropy: true }],
    ['pope', { lambdaDiv: 'auto', form: 'gated', proximity: 0.1, baseline: 'half-mean' }],
    ['opinion'],
    ['opinion', { opinion: 'pooled', responses: 'all' }],
    ['opinion', { opinion: 'cover' }],
    ['sft'],
    ['sft-all'],
    ['rwsft', { responses: 'all', power: 2 }],
    ['dpo'],
    ['pl', { beta: 0.5 }],
  ] as [AlignOptions['method'], Partial<AlignOptions>?][])('%s %j raises what it ascends', async (method, changes) => {
    const { result } = await run({ method, steps: 24, ...changes });
    expect(result.final.training.value).toBeGreaterThan(result.initial.training.value);
    expect(result).toMatchObject({ method, ended: 'finished', steps: 24 });
  });
});

describe('a run folder', () => {
  it('holds settings, machine, metrics, result, checkpoints and the model', async () => {
    const { output, result, metrics } = await run({ lr: 1e-3, checkpointEvery: 3, keep: 2 });
    expect(readdirSync(output).toSorted()).toEqual([
      ...[
        'checkpoints',
        'config.json',
        'environment.json',
        'events.out.tfevents.0.pope',
        'metrics.jsonl',
        'model',
        'result.json',
      ],
    ]);
    expect(readdirSync(join(output, 'checkpoints')).toSorted()).toEqual(['step-10', 'step-9']);
    const config = JSON.parse(readFileSync(join(output, 'config.json'), 'utf8'));
    expect(config.training).toMatchObject({ method: 'pope', lr: 1e-3, objective: 'decomposed', transform: 'clip:5' });
    expect(JSON.parse(readFileSync(join(output, 'result.json'), 'utf8'))).toEqual(JSON.parse(JSON.stringify(result)));
    const steps = metrics.filter(({ kind }) => kind === 'step');
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const step of steps) {
      expect(step.loss).toBe(-step.value);
      expect(step.gradientNorm).toBeGreaterThan(0);
      expect(step.effectiveSampleShare).toBeGreaterThan(0);
    }
    expect(metrics.filter(({ kind }) => kind === 'validation').map(({ step }) => step)).toEqual([0, 4, 8, 10]);
    expect(result.tokens).toBe(steps.reduce((sum, { tokens }) => sum + tokens, 0));
  });

  it('has a model that loads and scores as the one in memory', async () => {
    const slates = trainingLog();
    const output = join(folder, 'saved');
    using model = await loadModel(await tinyModel());
    await align(model, LoggedDataset.fromSlates(slates), shortRun(output));
    using loaded = await loadModel(join(output, 'model'));
    const batch = [{ prompt: [254, 65, 66], responses: [[67, 68, 255], [69]] }];
    expect(await loaded.scoreTokens(batch)).toEqual(await model.scoreTokens(batch));
  });

  it('has adapters as PEFT writes them, beside the model with them merged', async () => {
    const { output } = await run({ lora: 2, lr: 1e-2 });
    expect(readdirSync(join(output, 'adapter')).toSorted()).toEqual([
      'SHA256SUMS',
      'adapter_config.json',
      'adapter_model.safetensors',
      'pope-training.json',
    ]);
    const [checkpoint] = readdirSync(join(output, 'checkpoints'));
    expect(readdirSync(join(output, 'checkpoints', checkpoint!))).not.toContain('model');
    const batch = [{ prompt: [254, 65, 66], responses: [[67, 68, 255]] }];
    using merged = await loadModel(join(output, 'model'));
    using adapted = await loadModel(await tinyModel());
    const before = (await adapted.scoreTokens(batch))[0]![0]!.sum;
    await adapted.loadAdapter(join(output, 'adapter'));
    const after = (await adapted.scoreTokens(batch))[0]![0]!.sum;
    expect((await merged.scoreTokens(batch))[0]![0]!.sum).toBeCloseTo(after, 3);
    expect(Math.abs(after - before)).toBeGreaterThan(0.01);
  });

  it('has the best model of a run that was stopped early', async () => {
    const { output, result } = await run({ method: 'sft-all', lr: 0.2, patience: 2, validateEvery: 1, steps: 40 });
    expect(result.ended).toBe('early');
    expect(result.steps).toBe(result.modelStep + 2);
    const weights = (path: string) => readFileSync(join(output, path, 'model.safetensors')).toString('base64');
    expect(weights('model')).toBe(weights(`checkpoints/step-${result.modelStep}/model`));
  });
});

describe('a step', () => {
  it('in micro-batches is that of one batch', async () => {
    const values = (changes: Partial<AlignOptions>) =>
      run({ ...changes, steps: 6 }).then(({ metrics }) =>
        metrics.filter(({ kind }) => kind === 'step').map((m) => m.value),
      );
    const whole = await values({});
    const parts = await values({ batchTokens: 16, checkpointing: true });
    expectClose(parts, whole, { atol: 1e-5, rtol: 1e-4 }, 'six steps in micro-batches');
  });

  it('leaves the weights alone where no response has a gradient', async () => {
    const tied = trainingLog().map((slate) => ({
      ...slate,
      responses: slate.responses.map((response) => ({ ...response, signal: 1 })),
    }));
    const { metrics, result } = await run({ method: 'dpo', lr: 1 }, tied);
    const steps = metrics.filter(({ kind }) => kind === 'step');
    expect(steps.every(({ gradientNorm, silentSlates, slates }) => gradientNorm === 0 && silentSlates === slates)).toBe(
      true,
    );
    expect(result.final.training).toEqual(result.initial.training);
  });
});

describe('align refuses', () => {
  it('a run that diverges, naming step, query and the last good weights', async () => {
    const diverging = run({ lr: 1e30, checkpointEvery: 1, maxNorm: 0 });
    await expect(diverging).rejects.toMatchObject({ code: 'DIVERGED', exitCode: 1 });
    await expect(diverging).rejects.toThrow(
      /after step 1, query "q\d+": a log-probability is not finite; no checkpoint/,
    );
  });

  it('a gradient that is not finite, and keeps the weights from before it', async () => {
    const slates = trainingLog();
    const output = join(folder, 'infinite');
    using model = await loadModel(await tinyModel());
    const batch = [{ prompt: [254, 65, 66], responses: [[67, 68, 255]] }];
    const before = await model.scoreTokens(batch);
    // Finite as a double, and infinite as the float that the backward pass begins with.
    const diverging = align(model, LoggedDataset.fromSlates(slates), shortRun(output, { baseline: 1e300 }));
    await expect(diverging).rejects.toThrow(
      /^step 1 \(epoch 1\), batch of queries "q\d+", .*: the gradient is not finite; the last good weights are in .*step-0/,
    );
    using kept = await loadModel(join(output, 'checkpoints', 'step-0', 'model'));
    expect(await kept.scoreTokens(batch)).toEqual(before);
  });

  it('a weight that overflows, naming the query', async () => {
    const slates = trainingLog();
    slates[7]!.responses[1]!.logging = { logprob: -4000, tokens: 5 };
    const failing = run({ normalise: 'none', transform: 'none', validationQueries: 24 }, slates);
    await expect(failing).rejects.toThrow('step 0, query "q7": an importance weight overflows');
  });

  it('POPE without a logging policy, and a log that has nothing to train on', async () => {
    await expect(run({ logging: undefined })).rejects.toMatchObject({ code: 'LOGGING_MISSING' });
    const silent = trainingLog().map((slate) => ({
      ...slate,
      responses: slate.responses.map((response) => ({ ...response, signal: 0 })),
    }));
    await expect(run({}, silent)).rejects.toMatchObject({ code: 'NOTHING_TO_TRAIN' });
  });
});

/** A run that is interrupted, resumed, or killed at any moment ends with the bits of one that was not. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AlignOptions, align } from '../../src/align/align.js';
import { resumeFolder } from '../../src/align/run-folder.js';
import { LoggedDataset } from '../../src/data/dataset.js';
import { InterruptedError } from '../../src/errors.js';
import { type LoadModelOptions, loadModel } from '../../src/models/index.js';
import { finished, startCli } from '../cli/run-cli.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { alignArguments, expectKilledRunToEndTheSame } from './killed-run.js';
import { shortRun, trainingLog } from './runs.js';

const folder = temporaryFolder();
const slates = trainingLog(40);
let base: string;
beforeAll(async () => {
  base = await tinyModel();
});

async function run(output: string, changes: Partial<AlignOptions> = {}, loading: LoadModelOptions = {}) {
  using model = await loadModel((changes.resume ? await resumeFolder(output) : null) ?? base, loading);
  return await align(model, LoggedDataset.fromSlates(slates), shortRun(output, changes));
}

/** Everything that a run ends with, but for the times in its metrics. */
function outcome(output: string) {
  const metrics = readFileSync(join(output, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line), seconds: undefined, time: undefined }));
  const weights = (part: string, file: string) => {
    const path = join(output, part, file);
    return existsSync(path) ? readFileSync(path).toString('base64') : null;
  };
  return {
    metrics,
    model: weights('model', 'model.safetensors'),
    adapter: weights('adapter', 'adapter_model.safetensors'),
    checkpoints: readdirSync(join(output, 'checkpoints')).sort(),
    result: JSON.parse(readFileSync(join(output, 'result.json'), 'utf8')),
  };
}

/** Aborts when so many steps have finished: the next one is then under way. */
function stopAfter(steps: number): Partial<AlignOptions> {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    onProgress: ({ step }) => {
      if (step === steps) controller.abort(new InterruptedError('INTERRUPTED', 'stopped'));
    },
  };
}

describe('an interrupted run', () => {
  it.each([
    ['pope', { method: 'pope', tokenEntropy: true, lambdaDiv: 'auto', schedule: 'cosine', warmup: 3 }],
    ['drawn responses', { method: 'opinion', batch: 7 }],
    ['a reference', { method: 'dpo' }],
    ['adapters with dropout', { method: 'rwsft', lora: 2, loraDropout: 0.3 }],
    ['a checkpoint every second step', { method: 'sft', checkpointEvery: 2, keep: 2, steps: 6 }],
    ['early stopping', { method: 'sft-all', patience: 2, lr: 0.05, validateEvery: 1, keep: 1, steps: 20 }],
  ] as [string, Partial<AlignOptions>][])('with %s goes on to the same bits', async (name, changes) => {
    const whole = join(folder, `${name} whole`);
    const halted = join(folder, `${name} halted`);
    await run(whole, changes);
    for (const steps of [2, 4]) {
      await expect(run(halted, { ...changes, ...stopAfter(steps), resume: true })).rejects.toThrow('stopped');
    }
    await run(halted, { ...changes, resume: true });
    expect(outcome(halted)).toEqual(outcome(whole));
  });

  it('with adapters beside a base of bf16 alone goes on to the same bits, which are those of a base that could train', async () => {
    const changes: Partial<AlignOptions> = { method: 'dpo', lora: 2, lr: 1e-2 };
    const [whole, halted, free] = ['frozen', 'frozen halted', 'free'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const bf16 = { device: 'cpu', dtype: 'bf16' } as const;
    const frozen = { ...bf16, frozen: true };
    await run(whole, changes, frozen);
    await expect(run(halted, { ...changes, ...stopAfter(2) }, frozen)).rejects.toThrow('stopped');
    await run(halted, { ...changes, resume: true }, frozen);
    await run(free, changes, bf16);
    expect(outcome(halted)).toEqual(outcome(whole));
    // The merged models differ: each is the base as it was held, with the same adapters added.
    expect({ ...outcome(free), model: null }).toEqual({ ...outcome(whole), model: null });
  });

  it('is refused with other settings, another model, or when nobody asked to resume', async () => {
    const output = join(folder, 'refused');
    await expect(run(output, stopAfter(2))).rejects.toThrow('stopped');
    await expect(run(output)).rejects.toThrow(/RUN_EXISTS|go on with --resume/);
    await expect(run(output, { resume: true, lr: 2e-3 })).rejects.toThrow(
      'training.lr was number 0.001 and is number 0.002',
    );
    using model = await loadModel(base);
    const resumed = align(model, LoggedDataset.fromSlates(slates), shortRun(output, { resume: true }));
    await expect(resumed).rejects.toThrow(/goes on from .*step-3/);
  });

  it('that has ended gives its result again', async () => {
    const output = join(folder, 'ended');
    const result = await run(output);
    expect(await run(output, { resume: true })).toEqual(JSON.parse(JSON.stringify(result)));
  });
});

describe('pope align', () => {
  it('killed at random moments ends with the same bits', async () => {
    await expectKilledRunToEndTheSame(folder, base, 3);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('writes a checkpoint on %s and exits with 130', async (signal) => {
    const output = join(folder, signal);
    const child = startCli(alignArguments(folder, base, output, { steps: 100_000, checkpointEvery: 0 }));
    const ended = finished(child);
    while (!existsSync(join(output, 'metrics.jsonl'))) await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill(signal);
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/INTERRUPTED: stopped by SIG.*--resume/);
    expect(await resumeFolder(output)).not.toBeNull();
  });
});

/** A run that is interrupted, resumed, or killed at any moment ends with the bits of one that was not. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AlignOptions, align } from '../../src/align/align.js';
import { resumeFolder } from '../../src/align/run-folder.js';
import { LoggedDataset } from '../../src/data/dataset.js';
import { InterruptedError } from '../../src/errors.js';
import { loadModel } from '../../src/models/index.js';
import { writeLog } from '../cli/logs.js';
import { finished, startCli } from '../cli/run-cli.js';
import { randomNumbers } from '../helpers/check-op.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { shortRun, trainingLog } from './runs.js';

const folder = temporaryFolder();
const slates = trainingLog(40);
let base: string;
beforeAll(async () => {
  base = await tinyModel();
});

async function run(output: string, changes: Partial<AlignOptions> = {}) {
  using model = await loadModel((changes.resume ? await resumeFolder(output) : null) ?? base);
  return await align(model, LoggedDataset.fromSlates(slates), shortRun(output, changes));
}

/** Everything that a run ends with, but for the times in its metrics. */
function outcome(output: string) {
  const metrics = readFileSync(join(output, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line), seconds: undefined }));
  const weights = (part: string, file: string) => {
    const path = join(output, part, file);
    return existsSync(path) ? readFileSync(path).toString('base64') : null;
  };
  return {
    metrics,
    model: weights('model', 'model.safetensors'),
    adapter: weights('adapter', 'adapter_model.safetensors'),
    result: JSON.parse(readFileSync(join(output, 'result.json'), 'utf8')),
  };
}

/** Aborts after so many steps. */
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

  it('is refused with other settings, another model, or when nobody asked to resume', async () => {
    const output = join(folder, 'refused');
    await expect(run(output, stopAfter(2))).rejects.toThrow('stopped');
    await expect(run(output)).rejects.toThrow(/RUN_EXISTS|go on with --resume/);
    await expect(run(output, { resume: true, lr: 2e-3 })).rejects.toThrow(
      'training.lr was number 0.001 and is number 0.002',
    );
    using model = await loadModel(base);
    const resumed = align(model, LoggedDataset.fromSlates(slates), shortRun(output, { resume: true }));
    await expect(resumed).rejects.toThrow(/goes on from .*step-2/);
  });

  it('that has ended gives its result again', async () => {
    const output = join(folder, 'ended');
    const result = await run(output);
    expect(await run(output, { resume: true })).toEqual(JSON.parse(JSON.stringify(result)));
  });

  it('says where a checkpoint is broken', async () => {
    const output = join(folder, 'broken');
    await expect(run(output, stopAfter(2))).rejects.toThrow('stopped');
    writeFileSync(join(output, 'checkpoints', 'step-2', 'state.json'), '{"step":');
    await expect(run(output, { resume: true })).rejects.toThrow(/state\.json: not JSON .* delete that checkpoint/);
  });
});

describe('pope align', () => {
  const argv = (output: string) => [
    ...['align', join(folder, 'log.jsonl'), '--model', base, '--logging', 'log', '-o', output, '--quiet', '--resume'],
    ...['--steps', '300', '--batch', '8', '--lr', '1e-3', '--checkpoint-every', '4', '--validate-every', '20'],
  ];
  const weights = (output: string) => readFileSync(join(output, 'model', 'model.safetensors')).toString('base64');

  it('killed at 20 random moments ends with the same bits', async () => {
    writeLog(join(folder, 'log.jsonl'), slates);
    const whole = join(folder, 'not killed');
    expect(await finished(startCli(argv(whole)))).toMatchObject({ code: 0 });

    const killed = join(folder, 'killed');
    let reached = 0;
    for (const share of randomNumbers(20, 5, 0.5).map((value) => value + 0.5)) {
      const child = startCli(argv(killed));
      reached = await killAfterStep(child, killed, reached + Math.round(13 * share), 10 * share);
    }
    expect(await finished(startCli(argv(killed)))).toMatchObject({ code: 0 });
    expect(weights(killed)).toBe(weights(whole));
    expect(readdirSync(join(killed, 'checkpoints'))).toEqual(readdirSync(join(whole, 'checkpoints')));
  }, 300_000); // Twenty starts of a process, on a machine that may be busy.

  it.each(['SIGINT', 'SIGTERM'] as const)('writes a checkpoint on %s and exits with 130', async (signal) => {
    writeLog(join(folder, 'log.jsonl'), slates);
    const output = join(folder, signal);
    const child = startCli([...argv(output), '--steps', '100000', '--checkpoint-every', '0']);
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

/** Kills a process once its metrics have got to a step, a few milliseconds later; gives the step that they have then. */
async function killAfterStep(child: ChildProcess, output: string, step: number, milliseconds: number): Promise<number> {
  const ended = finished(child);
  while (child.exitCode === null && lastStep(output) < step) await new Promise((resolve) => setTimeout(resolve, 2));
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  child.kill('SIGKILL');
  expect(await ended).toMatchObject({ signal: 'SIGKILL' });
  return lastStep(output);
}

function lastStep(output: string): number {
  const path = join(output, 'metrics.jsonl');
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return Math.max(-1, ...[...text.matchAll(/"step":(\d+)/g)].map(([, step]) => Number(step)));
}

import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { writeLog } from '../cli/logs.js';
import { finished, startCli } from '../cli/run-cli.js';
import { randomNumbers } from '../helpers/check-op.js';
import { trainingLog } from './runs.js';

/** `pope align --resume` on a small log, which is written into the folder. */
export function alignArguments(
  folder: string,
  model: string,
  output: string,
  { steps, checkpointEvery }: { steps: number; checkpointEvery: number },
): string[] {
  const log = writeLog(join(folder, 'log.jsonl'), trainingLog(40));
  return [
    ...['align', log, '--model', model, '--logging', 'log', '-o', output, '--quiet', '--resume', '--batch', '8'],
    ...['--lr', '1e-3', '--steps', `${steps}`, '--checkpoint-every', `${checkpointEvery}`, '--validate-every', '20'],
  ];
}

/** Kills a run with -9 at random moments, resumes it each time, and compares it with one that was left alone. */
export async function expectKilledRunToEndTheSame(folder: string, model: string, kills: number): Promise<void> {
  const run = (output: string) =>
    startCli(alignArguments(folder, model, output, { steps: 15 * kills, checkpointEvery: 4 }));
  const whole = join(folder, 'left alone');
  expect(await finished(run(whole))).toMatchObject({ code: 0 });

  const killed = join(folder, 'killed');
  let reached = 0;
  for (const share of randomNumbers(kills, 5, 0.5).map((value) => value + 0.5)) {
    reached = await killAfterStep(run(killed), killed, reached + Math.round(13 * share), 10 * share);
  }
  expect(await finished(run(killed))).toMatchObject({ code: 0 });
  const weights = (output: string) => readFileSync(join(output, 'model', 'model.safetensors')).toString('base64');
  expect(weights(killed)).toBe(weights(whole));
  expect(readdirSync(join(killed, 'checkpoints'))).toEqual(readdirSync(join(whole, 'checkpoints')));
}

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

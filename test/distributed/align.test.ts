/** `pope align --distributed` under the launchers of this machine, against ranks that are promises of one process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { align } from '../../src/align/align.js';
import { LoggedDataset } from '../../src/data/dataset.js';
import { loadModel } from '../../src/models/index.js';
import { trainingLog } from '../align/runs.js';
import { writeLog } from '../cli/logs.js';
import { cleanEnvironment, finished, main, runCli } from '../cli/run-cli.js';
import { type Launcher, launchers, RANK_ENVIRONMENT } from '../helpers/ranks.js';
import { ranksInProcess } from '../helpers/ranks-in-process.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';

const folder = temporaryFolder();
const slates = trainingLog(24);
/** Of a machine that is busy with other tests; a run takes about two seconds of processor time. */
const patient = { timeout: 300_000 };
const settings = {
  method: 'pope',
  logging: 'log',
  lr: 1e-3,
  steps: 4,
  batch: 4,
  checkpointEvery: 2,
  keep: 9,
  validateEvery: 4,
  validationQueries: 4,
} as const;
let base: string;
let log: string;

beforeAll(async () => {
  if (launchers.length === 0) return;
  base = await tinyModel();
  log = writeLog(join(folder, 'log.jsonl'), slates);
  await Promise.all(
    ranksInProcess(2).map(async (communicator) => {
      using model = await loadModel(base, { device: 'cpu' });
      const output = join(folder, 'in process');
      await align(model, LoggedDataset.fromSlates(slates), { ...settings, output, communicator });
    }),
  );
}, patient.timeout);

function command(output: string, ...flags: string[]): string[] {
  const values = Object.entries(settings).flatMap(([name, value]) => [
    `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    `${value}`,
  ]);
  return ['align', log, '--model', base, '--device', 'cpu', '-o', output, ...values, ...flags];
}

function start({ mpirun, options }: Launcher, output: string, ...flags: string[]): ChildProcess {
  return spawn(mpirun, [...options, '-n', '2', process.execPath, main, ...command(output, ...flags)], {
    env: { ...cleanEnvironment(), ...RANK_ENVIRONMENT },
  });
}

/** What the undisturbed run in one process left, in bits. */
function files(output: string) {
  const bytes = (path: string) => readFileSync(join(output, path)).toString('base64');
  return {
    model: bytes('model/model.safetensors'),
    moments: bytes('checkpoints/step-4/optimizer.safetensors'),
    result: JSON.parse(readFileSync(join(output, 'result.json'), 'utf8')),
  };
}

describe.each(launchers)('under $mpirun', (launcher) => {
  const { mpirun } = launcher;

  it('two ranks have the bits of two ranks in one process', patient, async () => {
    const output = join(folder, mpirun);
    const { code, stderr, stdout } = await finished(start(launcher, output, '--distributed'));
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr.match(/model of step 4/g)).toHaveLength(1);
    expect(files(output)).toEqual(files(join(folder, 'in process')));
  });

  it('a killed rank ends the run; resumed, with the moments spread, it ends with the same bits', patient, async () => {
    const output = join(folder, `${mpirun} killed`);
    const ranks = start(launcher, output, '--distributed', '--zero', '1');
    const ended = finished(ranks);
    while (ranks.exitCode === null && !existsSync(join(output, 'checkpoints', 'step-2'))) await pause(5);
    process.kill(JSON.parse(readFileSync(join(output, '.lock'), 'utf8')).pid, 'SIGKILL');
    expect((await ended).code).not.toBe(0);
    expect(existsSync(join(output, 'result.json'))).toBe(false);
    cpSync(output, `${output} alone`, { recursive: true });

    const resumed = await finished(start(launcher, output, '--distributed', '--zero', '1', '--resume'));
    expect(resumed.code).toBe(0);
    expect(files(output)).toEqual(files(join(folder, 'in process')));
  });

  it('such a run goes on in one process too', patient, async () => {
    const output = join(folder, `${mpirun} killed alone`);
    expect(await runCli(command(output, '--resume'))).toMatchObject({ code: 0 });
    const result = JSON.parse(readFileSync(join(output, 'result.json'), 'utf8'));
    const undisturbed = files(join(folder, 'in process')).result;
    expect(result.final.training.value).toBeCloseTo(undisturbed.final.training.value, 3);
  });

  it('ranks that were not told to share the work are refused', patient, async () => {
    const output = join(folder, `${mpirun} refused`);
    const { code, stderr } = await finished(start(launcher, output));
    expect(code).toBe(2);
    expect(stderr).toMatch(/NOT_DISTRIBUTED: mpirun .* has started 2 of this process.*--distributed/);
    expect(existsSync(output)).toBe(false);
  });
});

it('sharing the work with nobody is refused', async () => {
  const argv = ['align', 'log.jsonl', '--model', 'm', '-o', join(folder, 'none'), '--method', 'sft'];
  expect(await runCli([...argv, '--distributed'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/LAUNCHER: .*mpirun -n 2/),
  });
  expect(await runCli([...argv, '--zero', '1'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/OPTION: --zero 1: .*--distributed/),
  });
});

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

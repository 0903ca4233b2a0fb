import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { scoreLines, smallLog, writeLog } from './logs.js';
import { finished, runCli, startCli } from './run-cli.js';

const folder = temporaryFolder();
const log = join(folder, 'log.jsonl');
let model: string;

beforeAll(async () => {
  model = await tinyModel();
  writeLog(log, smallLog(24));
});

const fitting = (output: string, ...more: string[]) => [
  ...['fit-logging', log, '--model', model, '-o', join(folder, output)],
  ...['--folds', '2', '--lr', '1e-3', '--steps', '12', '--batch', '4', '--checkpoint-every', '2', ...more],
];

/** What an uninterrupted run and a resumed one have to agree in, to the bit. */
const FILES = [
  'scores.jsonl',
  'model/model.safetensors',
  ...[1, 2].flatMap((fold) => [`fold-${fold}/scores.jsonl`, `fold-${fold}/model/model.safetensors`]),
];

describe('pope fit-logging', () => {
  it('prints the perplexity of every fold, and its scores are a logging policy', async () => {
    const { code, stdout, stderr } = await runCli(fitting('plain'));
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^Held out/);
    expect(stdout).toMatch(/\nall +24 .*\n/);
    const scores = join(folder, 'plain', 'scores.jsonl');
    expect(stdout).toContain(`--logging ${scores}`);

    const target = join(folder, 'target.jsonl');
    writeLog(
      target,
      scoreLines(smallLog(24), 'target', 1).map((line) => JSON.parse(line)),
    );
    const evaluated = await runCli(['evaluate', log, '--target', target, '--logging', scores, '--json']);
    expect(JSON.parse(evaluated.stdout)).toMatchObject({ queries: 24 });
  });

  it('killed at any moment, goes on with the same command and ends with the same bits', async () => {
    const whole = await runCli(fitting('whole', '--json'));
    expect(whole.code, whole.stderr).toBe(0);
    const output = join(folder, 'killed');
    // From its start-up to beyond its end, whatever the machine: the waits grow while the run gets on.
    for (let kill = 0; kill < 6; kill++) {
      const child = startCli(fitting('killed', '--json'));
      const end = finished(child);
      await pause(300 + 200 * kill);
      child.kill('SIGKILL');
      await end;
    }
    const resumed = await runCli(fitting('killed', '--json'));
    expect(resumed.code, resumed.stderr).toBe(0);
    for (const name of FILES) {
      expect(readFileSync(join(output, name)).equals(readFileSync(join(folder, 'whole', name))), name).toBe(true);
    }
    const { folds, heldOut, policy } = JSON.parse(whole.stdout);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ folds, heldOut, policy });
  });

  it('writes the same scores from an older folder when they are lost', async () => {
    const scores = join(folder, 'plain', 'scores.jsonl');
    const before = readFileSync(scores, 'utf8');
    rmSync(scores);
    expect((await runCli(fitting('plain'))).code).toBe(0);
    expect(readFileSync(scores, 'utf8')).toBe(before);
  });

  it.each([
    [['--folds', '1'], 'FOLDS', /fitted to it/],
    [['--folds', '25'], 'FOLDS', /has 24/],
    [['--lr', '-1'], 'BAD_OPTION', /--lr/],
  ])('refuses %j', async (flags, code, message) => {
    const outcome = await runCli(fitting('refused', ...flags));
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain(`pope: ${code}: `);
    expect(outcome.stderr).toMatch(message);
  });

  it('names the model that the paper fits', async () => {
    const without = await runCli(['fit-logging', log, '-o', join(folder, 'none')]);
    expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining('MISSING_OPTION') });
    expect(without.stderr).toContain('--model');
    const paper = await runCli(['fit-logging', log, '--preset', 'paper', '-o', join(folder, 'none')]);
    expect(paper).toMatchObject({ code: 2, stderr: expect.stringContaining('gpt2-medium') });
  });

  it('refuses to go on with other settings', async () => {
    const { code, stderr } = await runCli(fitting('plain', '--batch', '5'));
    expect(code).toBe(2);
    expect(stderr).toContain('RUN_CHANGED');
  });
});

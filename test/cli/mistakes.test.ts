import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tinyModel } from '../helpers/tiny-model.js';
import { scoreLines, smallLog, writeLog } from './logs.js';
import { runCli } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'pope-mistakes-'));
const write = (name: string, lines: readonly string[]): string => {
  const path = join(folder, name);
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  return path;
};
const slates = smallLog(4);
const log = writeLog(join(folder, 'log.jsonl'), slates);
const scores = write('scores.jsonl', scoreLines(slates, 'target', 1));
const other = write('other.jsonl', scoreLines(smallLog(3), 'other', 2));
const notANumber = write(
  'nan.jsonl',
  scoreLines(slates, 'target', 1).map((line) => line.replace(/"logprob":[^,]*/, '"logprob":NaN')),
);
const empty = write('empty.jsonl', []);
const broken = write('broken.jsonl', ['{"id":"q1","prompt":"p","responses":[]}']);
const noModel = mkdtempSync(join(tmpdir(), 'pope-no-model-'));
const out = join(folder, 'out.jsonl');

describe("a user's mistake", () => {
  it.each<[string, string[], number, RegExp]>([
    ['no command', [], 2, /^pope: USAGE: expected a command: .*score.*pope --help/],
    ['an unknown command', ['scoer'], 2, /^pope: USAGE: unknown command 'scoer'; Did you mean score\?/],
    ['an unknown flag', ['score', log, '--modle', 'm'], 2, /unknown option '--modle'; Did you mean --model\?/],
    ['a missing argument', ['score'], 2, /missing required argument 'log'/],
    ['one argument too many', ['doctor', 'x'], 2, /too many arguments for 'doctor'/],
    ['a missing flag', ['score', log, '-o', out], 2, /MISSING_OPTION: pope score needs --model <dir>/],
    [
      'a wrong value',
      ['score', log, '--model', noModel, '-o', out, '--temperature', '0'],
      2,
      /--temperature: expected a number above 0/,
    ],
    [
      'a wrong shard',
      ['score', log, '--model', noModel, '-o', out, '--shard', '5/4'],
      2,
      /--shard: expected a part such as 2\/4/,
    ],
    [
      'a config file that is not there',
      ['doctor', '--config', join(folder, 'no.json')],
      2,
      /CONFIG_UNREADABLE.*no\.json/,
    ],
    [
      'a missing log',
      ['score', join(folder, 'none.jsonl'), '--model', noModel, '-o', out],
      3,
      /LOG_NOT_FOUND.*none\.jsonl/,
    ],
    ['a folder without a model', ['score', log, '--model', noModel, '-o', out], 3, /pope-no-model/],
    ['a model folder that is not there', ['score', log, '--model', join(folder, 'nowhere'), '-o', out], 3, /nowhere/],
    ['an empty log', ['evaluate', empty, '--target', scores, '--logging', scores], 3, /LOG_EMPTY.*empty\.jsonl/],
    [
      'a bad log line',
      ['evaluate', broken, '--target', scores, '--logging', scores],
      3,
      /LOG_INVALID: .*broken\.jsonl:1: responses/,
    ],
    [
      'missing scores',
      ['evaluate', log, '--target', join(folder, 'no.jsonl'), '--logging', scores],
      3,
      /SCORES_NOT_FOUND.*no\.jsonl/,
    ],
    [
      'scores of another log',
      ['evaluate', log, '--target', other, '--logging', scores],
      3,
      /SCORE_MI(SSING|SMATCH).*other\.jsonl/,
    ],
    [
      'a log-probability that is NaN',
      ['evaluate', log, '--target', notANumber, '--logging', scores],
      3,
      /nan\.jsonl:1: logprob: expected a finite number, got NaN/,
    ],
    ['scores of two policies', ['evaluate', log, '--target', scores, other, '--logging', scores], 3, /SCORES_MIXED/],
    ['an unknown adapter', ['import', 'facebook', log, '-o', out], 2, /facebook/],
    ['an unknown world', ['simulate', 'mars', '-o', out], 2, /mars/],
  ])('%s: one clear line and the right exit code', async (_, argv, code, message) => {
    const outcome = await runCli(argv);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr).toMatch(/^pope: [A-Z_]+: [^\n]*\n$/);
    expect(outcome.stdout).toBe('');
    expect(outcome.code).toBe(code);
  });

  it('device cuda without one: exit code 4 and the reason', async () => {
    const environment = { CUDA_VISIBLE_DEVICES: '-1' };
    const outcome = await runCli(['score', log, '--model', await tinyModel(), '-o', out, '--device', 'cuda'], {
      environment,
    });
    expect(outcome).toMatchObject({ code: 4, stdout: '' });
    expect(outcome.stderr).toMatch(/^pope: DEVICE_UNAVAILABLE: device cuda is not available: /);
  });

  it('no stack, unless asked for', async () => {
    const argv = ['score', join(folder, 'none.jsonl'), '--model', noModel, '-o', out];
    expect((await runCli(argv)).stderr).not.toMatch(/\n\s+at /);
    expect((await runCli(argv, { environment: { POPE_DEBUG: '1' } })).stderr).toMatch(/\n\s+at /);
  });
});

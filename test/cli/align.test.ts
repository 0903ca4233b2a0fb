import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { trainingLog } from '../align/runs.js';
import { simtBinary } from '../helpers/simt-addon.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { scoreLines, writeLog } from './logs.js';
import { runCli } from './run-cli.js';

const folder = temporaryFolder();
const file = (name: string) => join(folder, name);
let base: string;

beforeAll(async () => {
  base = await tinyModel();
  const slates = trainingLog(30);
  writeLog(file('log.jsonl'), slates);
  writeFileSync(file('logging.jsonl'), `${scoreLines(slates, 'logger', 3).join('\n')}\n`);
});

const pope = (...argv: string[]) => runCli(['align', file('log.jsonl'), '--model', base, ...argv]);
const short = ['--lr', '1e-3', '--steps', '6', '--batch', '4', '--validate-every', '3'];

describe('pope align', () => {
  it('trains from score files a model that pope score and pope evaluate take', async () => {
    const { code, stdout, stderr } = await pope(
      '--logging',
      file('logging.jsonl'),
      '-o',
      file('run'),
      ...short,
      '--json',
    );
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/step 6: training value .*validation value/s),
    });
    expect(JSON.parse(stdout)).toMatchObject({ method: 'pope', ended: 'finished', steps: 6 });
    const scored = await runCli([
      'score',
      file('log.jsonl'),
      '--model',
      join(file('run'), 'model'),
      '-o',
      file('after.jsonl'),
    ]);
    expect(scored.code).toBe(0);
    const target = ['--target', file('after.jsonl'), '--logging', file('logging.jsonl'), '--json'];
    const evaluate = async (...split: string[]) => {
      const { stdout } = await runCli(['evaluate', file('log.jsonl'), ...target, ...split]);
      const { queries, warnings, estimates } = JSON.parse(stdout);
      return { queries, estimates, codes: warnings.map(({ code }: { code: string }) => code) };
    };
    const whole = await evaluate('--split', 'all');
    expect(whole).toMatchObject({ queries: 30, codes: expect.arrayContaining(['TRAINED_ON']) });
    const held = await evaluate();
    const test = await evaluate('--split', 'test');
    expect(held.estimates).toEqual(test.estimates);
    expect(held.queries).toBeLessThan(10);
    expect([held.codes.includes('HELD_OUT'), held.codes.includes('TRAINED_ON')]).toEqual([true, false]);
    expect([test.codes.includes('HELD_OUT'), test.codes.includes('TRAINED_ON')]).toEqual([false, false]);
    expect((await evaluate('--split', 'train')).codes).toContain('TRAINED_ON');
  });

  it('scores the initial model once where the method needs a reference, or takes the scores that there are', async () => {
    expect((await pope('--method', 'dpo', '-o', file('dpo'), ...short)).code).toBe(0);
    const reference = join(file('dpo'), 'reference.jsonl');
    expect(readFileSync(reference, 'utf8').split('\n').length).toBeGreaterThan(30);
    const { code } = await pope('--method', 'pl', '--reference', reference, '-o', file('pl'), ...short);
    expect(code).toBe(0);
    expect(existsSync(join(file('pl'), 'reference.jsonl'))).toBe(false);
  });

  it('prints with --dry-run what it would take, and writes nothing', async () => {
    const { code, stdout } = await pope('--method', 'opinion', '--opinion', 'cover-4', '-o', file('dry'), '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toMatch(/parameters that train +90,432\n/);
    expect(stdout).toMatch(/steps +3\n/);
    const adapters = await pope('--method', 'sft', '--lora', '2', '-o', file('dry'), '--dry-run', '--json');
    expect(JSON.parse(adapters.stdout).parameters).toBeLessThan(5000);
    expect(existsSync(file('dry'))).toBe(false);
  });

  it('with --lora holds the base in bf16 alone', async () => {
    const plan = async (dtype: string) => {
      const flags = ['--method', 'sft', '--lora', '1', '--dtype', dtype, '--device', 'cpu', '-o', file('dry')];
      return JSON.parse((await pope(...flags, '--dry-run', '--json')).stdout);
    };
    const [f32, bf16] = [await plan('f32'), await plan('bf16')];
    // 16 bytes for what trains, and 2 in place of 4 for the most of the rest.
    const base = ({ memory, parameters }: typeof f32) => memory.parameters - 16 * parameters;
    expect(base(bf16) / base(f32)).toBeLessThan(0.8);
  });

  it.each([
    [
      '1008000000',
      /^pope: the run wants .* GB of memory and there are 0\.008000 GB; it fits with --.* \(0\.00\d+ GB\)/,
    ],
    ['1000001000', /; nothing in the table is enough: take a smaller model or a larger device\n$/],
    ['4000000000', /^$/],
  ])('says with --dry-run what fits a GPU of %s bytes, and how much it takes', async (bytes, advice) => {
    const environment = { POPE_NATIVE_PATH: simtBinary, POPE_SIMT_MEMORY: bytes };
    const argv = [
      'align',
      file('log.jsonl'),
      '--model',
      base,
      '--method',
      'sft',
      '--device',
      'cuda',
      '-o',
      file('dry'),
    ];
    const { code, stdout, stderr } = await runCli([...argv, '--dry-run'], { environment });
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(advice) });
    expect(stdout).toMatch(/the same run with +memory in all\n.*\n--/);
  });

  it('leaves out queries that the logging policy has no score of, when asked to', async () => {
    const scores = readFileSync(file('logging.jsonl'), 'utf8').trim().split('\n');
    const first = JSON.parse(scores[0]!).query;
    writeFileSync(file('some.jsonl'), scores.filter((line) => JSON.parse(line).query !== first).join('\n'));
    const argv = ['--logging', file('some.jsonl'), '-o', file('some')];
    expect(await pope(...argv, ...short)).toMatchObject({ code: 3, stderr: expect.stringContaining('SCORE_MISSING') });
    const { code, stderr } = await pope(...argv, ...short, '--skip-unscored');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/1 queries have a response without/) });
  });

  it.each([
    [['-o', 'x'], 2, /LOGGING_MISSING: method pope weighs responses by the logging policy/],
    [['--method', 'ppo', '-o', 'x'], 2, /--method: expected one of pope/],
    [['--method', 'opinion', '--opinion', 'comb-3', '-o', 'x'], 2, /--opinion: expected comb, pooled or cover-8/],
    [['--method', 'sft', '--preset', 'best', '-o', 'x'], 2, /--preset: expected one of default, paper/],
    [
      ['--method', 'sft', '--warmup', '9', '--steps', '3', '-o', file('x')],
      2,
      /warmup: expected a whole number from 0 to the 3 steps/,
    ],
    [
      ['--method', 'sft', '--lora', '2', '--lora-targets', 'nose', '-o', file('y')],
      2,
      /a target module must be one of/,
    ],
  ] as [string[], number, RegExp][])('refuses %j', async (argv, exit, message) => {
    const { code, stderr } = await pope(...argv);
    expect(stderr).toMatch(message);
    expect(code).toBe(exit);
    expect(existsSync(argv.at(-1)!)).toBe(false);
  });
});

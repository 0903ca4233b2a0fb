import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseGenerationLine } from '../../src/policy/generation-line.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { smallLog, writeLog } from './logs.js';
import { finished, runCli, startCli } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'pope-generate-'));
const slates = smallLog(60);
const log = writeLog(join(folder, 'log.jsonl'), slates);
const whole = join(folder, 'whole.jsonl');
let model: string;
let files = 0;

const fresh = (): string => join(folder, `generations-${files++}.jsonl`);
const argv = (out: string, more: readonly string[] = []): string[] => {
  const sizes = ['-n', '3', '--max-tokens', '12', '--batch-tokens', '200', '--seed', '7'];
  return ['generate', log, '--model', model, '-o', out, ...sizes, ...more];
};
const read = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line, i) => parseGenerationLine(line, `${path}:${i + 1}`));
const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

beforeAll(async () => {
  model = await tinyModel();
  expect(await runCli(argv(whole))).toMatchObject({ code: 0, stdout: '' });
});

describe('pope generate', () => {
  it('writes n samples per query, in log order', () => {
    const lines = read(whole);
    expect(lines.map(({ query, index }) => [query, index])).toEqual(
      slates.flatMap(({ id }) => [0, 1, 2].map((index) => [id, index])),
    );
    for (const line of lines) {
      expect(line).toMatchObject({ seed: 7, temperature: 1, policy: expect.stringMatching(/^llama3-tiny@/) });
      expect(line.logprob).toBeLessThan(0);
      expect(line.finish === 'length' ? line.tokens : 12).toBe(12);
    }
    expect(new Set(lines.map(({ text }) => text)).size).toBeGreaterThan(170);
  });

  it('says what it did on standard error only, or nothing with --quiet', async () => {
    const out = fresh();
    expect((await runCli(argv(out))).stderr).toMatch(
      /^60 queries: 180 samples of [\d,]+ tokens generated now, 0 were there\n\d+ of them reached the most tokens before their end\npolicy "/,
    );
    expect(await runCli(argv(out, ['--quiet']))).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    expect(readFileSync(out, 'utf8')).toBe(readFileSync(whole, 'utf8'));
  });

  it('ends with the same bytes after kill -9 at random moments', async () => {
    const out = fresh();
    let kills = 0;
    for (; kills < 4; kills++) {
      const child = startCli(argv(out));
      const size = sizeOf(`${out}.partial`);
      while (child.exitCode === null && sizeOf(`${out}.partial`) <= size) await sleep(2);
      await sleep(Math.random() * 20);
      child.kill('SIGKILL');
      if ((await finished(child)).signal === null) break; // It was done before the kill.
      expect(existsSync(out)).toBe(false);
    }
    expect(kills).toBeGreaterThan(0);
    expect((await runCli(argv(out))).code).toBe(0);
    expect(readFileSync(out, 'utf8')).toBe(readFileSync(whole, 'utf8'));
    expect(existsSync(`${out}.partial`)).toBe(false);
  });

  it('stops on SIGINT with exit code 130 and says how to go on', async () => {
    const out = fresh();
    const child = startCli(argv(out, ['-n', '300']));
    while (child.exitCode === null && sizeOf(`${out}.partial`) === 0) await sleep(2);
    child.kill('SIGINT');
    const outcome = await finished(child);
    expect(outcome).toMatchObject({ code: 130, stdout: '' });
    expect(outcome.stderr).toBe(
      `pope: INTERRUPTED: stopped by SIGINT; the samples so far are in ${out}.partial; the same command goes on from there\n`,
    );
  });

  it('keeps one split when the others follow', async () => {
    const out = fresh();
    expect((await runCli(argv(out, ['--split', 'test', '--split-ratio', '0.4,0.3,0.3']))).code).toBe(0);
    expect(sizeOf(out)).toBeGreaterThan(0);
    expect(sizeOf(out)).toBeLessThan(sizeOf(whole));
    expect((await runCli(argv(out))).stderr).toMatch(/^60 queries: \d+ samples of [\d,]+ tokens generated now, [1-9]/);
    expect(readFileSync(out, 'utf8')).toBe(readFileSync(whole, 'utf8'));
  });

  it('with another template, temperature or rule writes other texts, to another file only', async () => {
    const template = join(folder, 'template.jinja');
    writeFileSync(template, '{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}> ');
    const rules = [
      ['--template', template],
      ['--temperature', '0'],
      ['--top-k', '2'],
      ['--top-p', '0.1'],
    ];
    for (const rule of rules) {
      const out = fresh();
      expect((await runCli(argv(out, rule))).code).toBe(0);
      expect(read(out)[0]!.text).not.toBe(read(whole)[0]!.text);
      const refused = await runCli(argv(whole, rule));
      expect(refused.code).toBe(3);
      expect(refused.stderr).toMatch(/^pope: GENERATIONS_OF_ANOTHER_POLICY: .*whole\.jsonl:1: written by policy "/);
    }
  });

  it.each<[string[], RegExp]>([
    [['--temperature', '-1'], /--temperature: expected a number of at least 0/],
    [['--top-p', '1.1'], /--top-p: expected a number above 0 and at most 1/],
    [['--top-k', '-2'], /--top-k: expected a whole number of at least 0/],
    [['--max-tokens', '0'], /--max-tokens: expected a whole number of at least 1/],
    [['-n', '0'], /--samples: expected a whole number of at least 1/],
  ])('refuses %j', async (flags, message) => {
    const { code, stderr } = await runCli(argv(fresh(), flags));
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scoreLines, smallLog, writeLog } from './logs.js';
import { runCli } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'pope-export-'));
const slates = smallLog(20);
const log = writeLog(join(folder, 'log.jsonl'), slates);
const target = join(folder, 'target.jsonl');
writeFileSync(target, `${scoreLines(slates, 'now', 3).join('\n')}\n`);
const out = join(folder, 'out.jsonl');
const lines = () =>
  readFileSync(out, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('pope export', () => {
  it('writes the weights of a method', async () => {
    const argv = ['export', 'weights', log, '--target', target, '--logging', 'log', '-o', out];
    const outcome = await runCli(argv);
    expect(outcome).toMatchObject({ code: 0, stdout: '' });
    expect(outcome.stderr).toMatch(
      /^20 queries, \d+ responses; 0 queries without votes .*\nJ = [\d.]+ under the target/,
    );
    expect(lines()).toHaveLength(slates.flatMap(({ responses }) => responses).length);
  });

  it('writes preferences of one split', async () => {
    expect(await runCli(['export', 'trl', log, '--split', 'train', '--preferences', 'lists', '-o', out])).toMatchObject(
      {
        code: 0,
      },
    );
    expect(lines().length).toBeLessThan(20);
    expect(Object.keys(lines()[0])).toEqual(['id', 'prompt', 'completions', 'rewards']);
  });

  it.each<[string, string[], RegExp]>([
    ['another kind', ['csv', log], /USAGE: pope export: expected one of trl, weights.*, got "csv"/],
    ['a flag of another kind', ['trl', log, '--beta', '2'], /BAD_OPTION: --beta <x>: not a flag of "pope export trl"/],
    ['no target', ['weights', log], /EXPORT_NEEDS: weights need the policy that is trained: --target SCORES/],
  ])('refuses %s', async (_, argv, message) => {
    const outcome = await runCli(['export', ...argv, '-o', out]);
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toMatch(message);
  });
});

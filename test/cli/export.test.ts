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

  it('writes a rating sheet and counts what comes back', async () => {
    const generations = ['now', 'then'].map((policy) => {
      const own = slates.map(({ id }) => JSON.stringify({ query: id, text: `${policy} says ${id}`, policy }));
      writeFileSync(join(folder, `${policy}.jsonl`), `${own.join('\n')}\n`);
      return join(folder, `${policy}.jsonl`);
    });
    const [sheet, key] = [join(folder, 'sheet.csv'), join(folder, 'sheet.key.json')];
    const policies = ['--generations', generations[0]!, '--against', generations[1]!];
    const made = await runCli(['export', 'rating-sheet', log, ...policies, '--items', '5', '-o', sheet]);
    expect(made).toMatchObject({ code: 0, stderr: `5 comparisons: ${sheet}; keep ${key} from raters\n` });
    // This rater knows the answers of "now" when there are any.
    const rows = readFileSync(sheet, 'utf8').trimEnd().split('\r\n').slice(1);
    const rated = rows.map((row) => `${row}${/,now says [^,]*,then says/.test(row) ? 'A' : 'B'}`);
    writeFileSync(join(folder, 'anna.csv'), `sheet,item,prompt,a,b,choice\n${rated.join('\n')}\n`);
    const counted = await runCli(['export', 'ratings', key, '--rated', join(folder, 'anna.csv'), '-o', out]);
    expect(counted).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^"now" against "then": 5 wins, 0 ties, 0 losses; win rate 1/),
    });
    expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({ wins: 5, raters: 1, agreement: null });
  });

  it('leaves out queries without a score when asked to', async () => {
    const some = join(folder, 'some.jsonl');
    writeFileSync(some, `${scoreLines(slates.slice(0, 15), 'now', 3).join('\n')}\n`);
    const argv = ['export', 'weights', log, '--target', some, '--logging', 'log', '-o', out];
    expect(await runCli(argv)).toMatchObject({ code: 3, stderr: expect.stringContaining('--skip-unscored') });
    expect(await runCli([...argv, '--skip-unscored'])).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^5 queries have a response without a score and were left out\n15 queries, /),
    });
  });

  it('takes no offence at settings of other kinds in the environment or a config file', async () => {
    const config = join(folder, 'pope.json');
    writeFileSync(config, JSON.stringify({ method: 'sft', target: ['now.jsonl'] }));
    const argv = ['export', 'trl', log, '--config', config, '-o', out];
    expect(await runCli(argv, { environment: { POPE_BETA: '2' } })).toMatchObject({ code: 0 });
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

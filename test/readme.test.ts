import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { trainingText } from '../src/cli/demo-report.js';
import { QUICK_BUDGET } from '../src/experiments/synthetic/index.js';
import { trainingDemo } from '../src/experiments/training-demo.js';
import { finished, runCli, startNode } from './cli/run-cli.js';
import { blocksOf, runShell } from './helpers/document.js';
import { tinyModel } from './helpers/tiny-model.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const all = blocksOf('README.md');
const blocks = (language: string): string[] =>
  all.filter((block) => block.language === language).map(({ text }) => text);
const folder = mkdtempSync(join(tmpdir(), 'pope-readme-'));

beforeAll(async () => {
  writeFileSync(join(folder, 'votes.csv'), blocks('csv')[0]!);
  symlinkSync(await tinyModel(), join(folder, 'my-model'));
  symlinkSync(await tinyModel(), join(folder, 'logging-model'));
});

describe('README', () => {
  it('shows what the first part of the demo prints', async () => {
    const { code, stdout } = await runCli(['demo', '--quick']);
    expect(code).toBe(0);
    expect(stdout.startsWith(blocks('text')[0]!.trimEnd())).toBe(true);
  });

  it('shows the second part in the form that it is printed in; its numbers depend on the machine', async () => {
    const budget = { ...QUICK_BUDGET, baseSteps: 2, steps: 2 };
    const printed = trainingText(await trainingDemo({ budget })).split('\n');
    const shown = blocks('text')[1]!.split('\n');
    expect(shown[0]).toBe(printed[0]);
    const tableOf = (lines: string[]) => lines.slice(lines.findIndex((line) => line.startsWith('policy ')));
    const [header, rule, ...rows] = tableOf(shown);
    const columns = (line: string) => line.trim().split(/ {2,}/);
    expect(columns(header!)).toEqual(columns(tableOf(printed)[0]!));
    expect(rule).toMatch(/^[- ]+$/);
    const names = (lines: string[]) => lines.map((line) => columns(line)[0]);
    expect(names(rows.slice(0, 6))).toEqual(names(tableOf(printed).slice(2, 8)));
  });

  it('has commands that work, one after the other', async () => {
    const scripts = blocks('sh');
    expect(scripts).toHaveLength(5);
    expect(await runShell(scripts, folder)).toMatchObject({ code: 0 });
  });

  it('has a library example that works', async () => {
    const library = new URL('../dist/index.js', import.meta.url).href;
    writeFileSync(join(folder, 'example.mjs'), blocks('js')[0]!.replace("'pope-native'", `'${library}'`));
    const outcome = await finished(startNode([join(folder, 'example.mjs')], { cwd: folder }));
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(outcome.stdout).toMatch(/(reliable|caution|unreliable) \d+\n$/);
  });

  it('lists the commands that exist', async () => {
    const { stdout } = await runCli(['--help']);
    const commands = [...stdout.matchAll(/^ {2}([a-z][a-z-]+) {2,}\S/gm)].map((match) => match[1]!);
    const existing = commands.filter((name) => name !== 'help');
    const listed = [...readme.matchAll(/^\| `pope ([a-z-]+)/gm)].map((match) => match[1]!);
    // A command may have a row for each of its kinds.
    expect([...new Set(listed)].toSorted()).toEqual(existing.toSorted());
  });
});

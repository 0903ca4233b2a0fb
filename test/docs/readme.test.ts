import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.js';
import { trainingText } from '../../src/cli/demo-report.js';
import { QUICK_BUDGET } from '../../src/experiments/synthetic/index.js';
import { trainingDemo } from '../../src/experiments/training-demo.js';
import { fencesOf, readPage } from './fences.js';

describe('README', { timeout: 300_000 }, () => {
  it('shows the second part of the demo in the form that it is printed in; its numbers depend on the machine', async () => {
    const budget = { ...QUICK_BUDGET, baseSteps: 2, steps: 2 };
    const printed = trainingText(await trainingDemo({ budget })).split('\n');
    const shown = fencesOf('README.md')
      .find(({ text }) => text.startsWith('A world of text'))!
      .text.split('\n');
    expect(shown[0]).toBe(printed[0]);
    const tableOf = (lines: string[]) => lines.slice(lines.findIndex((line) => line.startsWith('policy ')));
    const [header, rule, ...rows] = tableOf(shown);
    const columns = (line: string) => line.trim().split(/ {2,}/);
    expect(columns(header!)).toEqual(columns(tableOf(printed)[0]!));
    expect(rule).toMatch(/^[- ]+$/);
    const names = (lines: string[]) => lines.map((line) => columns(line)[0]);
    expect(names(rows.slice(0, 6))).toEqual(names(tableOf(printed).slice(2, 8)));
  });

  it('lists the commands that exist', () => {
    const listed = [...readPage('README.md').matchAll(/^\| `pope ([a-z-]+)/gm)].map((match) => match[1]!);
    // A command may have a row for each of its kinds.
    expect([...new Set(listed)].toSorted()).toEqual(COMMANDS.map(({ name }) => name).toSorted());
  });
});

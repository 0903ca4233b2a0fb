import { mkdtempSync, readFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadModel } from '../src/models/index.js';
import { type Block, blocksOf, runShell } from './helpers/document.js';
import { modelServer } from './helpers/model-server.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const clone = mkdtempSync(join(tmpdir(), 'pope-tutorial-'));
for (const name of ['docs', 'test']) symlinkSync(join(root, name), join(clone, name));
const trial = join(clone, 'try');

const NUMBER = /-?\d[\d,]*(\.\d+)?(e[-+]?\d+)?/g;
const wordsOf = (line: string) => line.replace(NUMBER, '#').replace(/\s+/g, ' ').trim();
const numbersOf = (line: string) => (line.match(NUMBER) ?? []).map((text) => Number(text.replaceAll(',', '')));

/** Whether a printed line begins as the shown one; instruction sets round differently, and training spreads that. */
function agrees(printed: string, shown: string): boolean {
  if (!wordsOf(printed).startsWith(wordsOf(shown))) return false;
  const values = numbersOf(printed);
  return numbersOf(shown).every((value, i) => Math.abs(value - values[i]!) <= 0.05 * Math.abs(value));
}

/** Runs the commands of a page and expects below each what the page shows, line after line; the page may leave lines out. */
async function typed(blocks: readonly Block[], cwd: string): Promise<void> {
  const known = blocks.every(({ language }) => ['sh', 'text', 'csv'].includes(language));
  expect(known, 'a language that this test does not run').toBe(true);
  const scripts = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text);
  const { code, outputs } = await runShell(scripts, cwd);
  expect(code, outputs.at(-1)).toBe(0);
  let latest = -1;
  for (const { language, text } of blocks) {
    if (language === 'sh') latest++;
    if (language !== 'text') continue;
    const printed = outputs[latest]!.split('\n');
    let next = 0;
    for (const shown of text.split('\n').filter((line) => line.trim() !== '')) {
      const found = printed.findIndex((line, i) => i >= next && agrees(line, shown));
      expect(found, `"${shown}" in\n${outputs[latest]}`).toBeGreaterThanOrEqual(0);
      next = found + 1;
    }
  }
}

describe('docs/tutorial.md and docs/how-to.md', () => {
  it('can be typed, and prints what the tutorial shows', async () => {
    const blocks = blocksOf('docs/tutorial.md');
    await typed(blocks, clone);
    const csv = blocks.find(({ language }) => language === 'csv')!.text;
    expect(readFileSync(join(root, 'docs/tutorial/votes.csv'), 'utf8').startsWith(csv)).toBe(true);
    expect(readFileSync(join(trial, 'report.html'), 'utf8')).toContain('caution');
  });

  it('has recipes that go on from there', async () => {
    const model = await loadModel(join(trial, 'my-model'));
    const { url } = await modelServer(model);
    const placed = blocksOf('docs/how-to.md').map(({ language, text }) => ({
      language,
      text: text.replace('http://localhost:8000/v1', url),
    }));
    await typed(placed, trial);
    model.dispose();
    const scores = (name: string) =>
      readFileSync(join(trial, name), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).logprob as number);
    const own = scores('old.jsonl');
    for (const [i, logprob] of scores('served.jsonl').entries()) expect(logprob).toBeCloseTo(own[i]!, 3);
  });
});

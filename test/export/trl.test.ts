import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Slate } from '../../src/data/slate.js';
import { type ExportTrlOptions, exportTrl } from '../../src/export/index.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';

const folder = useTemporaryFolder();
const answers = [6, 1, 1, 2].map((signal, k) => ({ id: `r${k}`, text: `answer ${k}`, signal }));
const asked: Slate = { id: 'q1', prompt: 'why?', responses: answers };
const talked: Slate = {
  id: 'q2',
  messages: [{ role: 'user', content: 'well?' }],
  responses: answers.slice(0, 2),
};
const tied: Slate = { id: 'q3', prompt: 'so?', responses: answers.slice(1, 3) };

async function run(options: Partial<ExportTrlOptions> = {}) {
  const output = folder.path('trl.jsonl');
  const report = await exportTrl([asked, talked, tied], { output, ...options });
  return {
    report,
    lines: readFileSync(output, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  };
}

const said = (content: string) => [{ role: 'assistant', content }];

test('pairs are the best and the worst response of each query', async () => {
  const { report, lines } = await run();
  expect(lines).toEqual([
    { id: 'q1', prompt: 'why?', chosen: 'answer 0', rejected: 'answer 2', margin: expect.closeTo(0.5) },
    {
      id: 'q2',
      prompt: [{ role: 'user', content: 'well?' }],
      chosen: said('answer 0'),
      rejected: said('answer 1'),
      margin: expect.closeTo(5 / 7),
    },
  ]);
  expect(report).toEqual({ queries: 3, lines: 2, tied: 1 });
});

test('all pairs are those that people told apart', async () => {
  const { lines } = await run({ form: 'all-pairs' });
  const pairs = lines.filter(({ id }) => id === 'q1').map(({ chosen, rejected }) => `${chosen} > ${rejected}`);
  expect(pairs.toSorted()).toEqual(
    ['0 > answer 1', '0 > answer 2', '0 > answer 3', '3 > answer 1', '3 > answer 2'].map((pair) => `answer ${pair}`),
  );
});

test('lists have every response with its reward; prompts may become chats', async () => {
  const { lines } = await run({ form: 'lists', chat: true });
  expect(lines).toHaveLength(2);
  expect(lines[0]).toEqual({
    id: 'q1',
    prompt: [{ role: 'user', content: 'why?' }],
    completions: answers.map(({ text }) => said(text)),
    rewards: [0.6, 0.1, 0.1, 0.2].map((reward) => expect.closeTo(reward)),
  });
});

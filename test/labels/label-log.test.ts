import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LoggedDataset } from '../../src/data/dataset.js';
import type { Slate } from '../../src/data/slate.js';
import { LexicalEncoder } from '../../src/encoders/index.js';
import { simulate } from '../../src/experiments/simulate.js';
import { labelByChat, labelByClusters } from '../../src/labels/index.js';
import { readLabels } from '../../src/labels/label-by-chat.js';
import { AnswerFile } from '../../src/remote/answer-file.js';
import { ChatModel } from '../../src/remote/chat.js';
import { completion, fakeServer } from '../helpers/fake-server.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';

const folder = useTemporaryFolder();
const read = (path: string): Slate[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const slate = (id: string, texts: string[], opinions: (string | undefined)[] = []): Slate => ({
  id,
  prompt: 'Should it be built?',
  responses: texts.map((text, i) => ({ id: `r${i}`, text, signal: i, ...(opinions[i] && { opinion: opinions[i] }) })),
});

const SLATES = [
  slate(
    'q1',
    ['build it now', 'build it soon', 'never touch the park', 'never harm the park'],
    ['yes', 'yes', 'no', 'no'],
  ),
  slate('q2', ['build it now', 'build it here', 'never spoil the park'], ['yes', 'yes']),
  slate('q3', ['build it']),
];

describe('by clusters', () => {
  test('labels follow the words, given ones are kept beside them, and agreement is reported', async () => {
    const output = folder.path('out.jsonl');
    const report = await labelByClusters(LoggedDataset.fromSlates(SLATES), new LexicalEncoder(), output);
    const labels = read(output).map(({ responses }) => responses.map(({ opinion }) => opinion));
    expect(labels).toEqual([['o1', 'o1', 'o2', 'o2'], ['o1', 'o1', 'o2'], ['o1']]);
    expect(read(output)[0]!.responses[2]).toEqual({ ...SLATES[0]!.responses[2], opinion: 'o2', givenOpinion: 'no' });
    expect(report).toMatchObject({ queries: 3, responses: 8, unlabelled: 0, opinionsPerQuery: 5 / 3 });
    expect(report.agreement).toMatchObject({ queries: 2, responses: 6, adjustedRand: { value: 1, low: 1, high: 1 } });
    expect(report.height).toBeGreaterThan(0.3);
  });

  test('a number is the number of opinions of every query that has so many responses', async () => {
    const output = folder.path('out.jsonl');
    const report = await labelByClusters(LoggedDataset.fromSlates(SLATES), new LexicalEncoder(), output, {
      clusters: 3,
    });
    expect(read(output).map(({ responses }) => new Set(responses.map(({ opinion }) => opinion)).size)).toEqual([
      3, 3, 1,
    ]);
    expect(report.height).toBeNull();
  });

  test('a log without labels has no agreement', async () => {
    const log = LoggedDataset.fromSlates([slate('q1', ['a b', 'c d', 'a b'])]);
    expect((await labelByClusters(log, new LexicalEncoder(), folder.path('out.jsonl'))).agreement).toBeNull();
  });

  test('finds most of the opinions of a world of text', async () => {
    const { slates } = simulate('text-pluralistic', { seed: 0, queries: 60, slateSize: 8 });
    const log = LoggedDataset.fromSlates(slates);
    const { agreement } = await labelByClusters(log, new LexicalEncoder(), folder.path('out.jsonl'));
    expect(agreement!.adjustedRand.value).toBeGreaterThan(0.7);
  });
});

describe('by a chat model', () => {
  test('labels are its names, asked for once', async () => {
    const server = await fakeServer(({ body }, number) => {
      if (number === 0) return { status: 500 };
      const answers = body.messages[1].content.split('Answers\n')[1].split('\n') as string[];
      return completion(
        answers.map((answer, i) => `${i + 1}: ${/build/.test(answer) ? 'For  it' : 'Against'}`).join('\n'),
      );
    });
    const label = async (output: string) => {
      const answers = await AnswerFile.open(folder.path('answers.jsonl'));
      const chat = new ChatModel(server.url, { model: 'fake', backoff: 1 });
      const report = await labelByChat(LoggedDataset.fromSlates(SLATES), chat, answers, folder.path(output));
      await answers.close();
      return { report, asked: answers.asked, reused: answers.reused, tokens: answers.tokens };
    };
    const first = await label('first.jsonl');
    expect(first).toMatchObject({ asked: 3, reused: 0, tokens: { prompt: 30, completion: 6 } });
    expect(first.report.agreement).toMatchObject({ queries: 2, adjustedRand: { value: 1 } });
    expect(read(folder.path('first.jsonl'))[0]!.responses.map(({ opinion }) => opinion)).toEqual([
      ...['for it', 'for it', 'against', 'against'],
    ]);
    expect(await label('second.jsonl')).toMatchObject({ asked: 0, reused: 3 });
    expect(server.requests).toHaveLength(4);
    expect(readFileSync(folder.path('second.jsonl'))).toEqual(readFileSync(folder.path('first.jsonl')));
  });

  test.each<[string, (string | undefined)[]]>([
    ['1: yes\n2: no', ['yes', 'no']],
    ['Sure!\n- 2) No \n**1.** Yes', ['yes', 'no']],
    ['1: yes', ['yes', undefined]],
    ['1: yes\n1: no\n7: else', ['yes', undefined]],
    ['I cannot.', [undefined, undefined]],
  ])('reads %j', (answer, labels) => {
    expect([...readLabels(answer, 2)]).toEqual(labels);
  });
});

import { appendFileSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { judge, type Match } from '../../src/judge/judge.js';
import { judgeGenerations } from '../../src/judge/judge-generations.js';
import { judgementMessages, readVerdict } from '../../src/judge/judgement.js';
import { AnswerFile } from '../../src/remote/answer-file.js';
import { ChatModel } from '../../src/remote/chat.js';
import { completion, type FakeAnswer, type FakeRequest, fakeServer } from '../helpers/fake-server.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';

const folder = useTemporaryFolder();
const match = (query: string, ours: string, theirs: string): Match => ({
  query,
  question: `What of ${query}?`,
  references: ['people differ'],
  ours: [ours],
  theirs: [theirs],
});

/** Prefers the set with more `!`; ties without. */
function honest({ body }: FakeRequest): FakeAnswer {
  const [a, b] = body.messages[1].content
    .split('Set A')[1]
    .split('Set B')
    .map((set: string) => set.split('!').length);
  return completion(`Because.\nVERDICT: ${a === b ? 'TIE' : a > b ? 'A' : 'B'}`);
}

async function run(server: { url: string }, matches: Match[], timeout = 30_000) {
  const answers = await AnswerFile.open(folder.path('answers.jsonl'));
  try {
    const chat = new ChatModel(server.url, { model: 'fake', backoff: 1, retries: 5, timeout });
    return await judge(chat, answers, matches);
  } finally {
    await answers.close();
  }
}

const MATCHES = [match('q1', 'good!', 'bad'), match('q2', 'bad', 'good!'), match('q3', 'same', 'equal')];

describe('the judge', () => {
  test('counts what both orders prefer', async () => {
    const server = await fakeServer(honest);
    const result = await run(server, MATCHES);
    expect(result).toMatchObject({
      ...{ wins: 1, ties: 1, losses: 1, unreadable: 0, orderAgreement: 1, asked: 6, reused: 0 },
      tokens: { prompt: 60, completion: 12 },
      winRate: { value: 0.5, queries: 3 },
    });
    expect(result.outcomes.map(({ outcome }) => outcome)).toEqual(['win', 'loss', 'tie']);
    const content = server.requests.map(({ body }) => body.messages[1].content as string);
    expect(content.filter((text) => /Set A\n1\. good!\n\nSet B\n1\. bad/.test(text))).toHaveLength(2);
    expect(content.filter((text) => /Set A\n1\. bad\n\nSet B\n1\. good!/.test(text))).toHaveLength(2);
  });

  test('that always takes the first set finds ties only', async () => {
    const server = await fakeServer(() => completion('VERDICT: A'));
    expect(await run(server, MATCHES)).toMatchObject({ ties: 3, wins: 0, losses: 0, orderAgreement: 0 });
  });

  test('without a verdict in one order decides nothing', async () => {
    const server = await fakeServer((request, number) => (number === 0 ? completion('Hard to say.') : honest(request)));
    const result = await run(server, MATCHES.slice(0, 1));
    expect(result).toMatchObject({ unreadable: 1, wins: 0, winRate: { value: null }, orderAgreement: null });
  });

  test('gets through a server that misbehaves', async () => {
    const trouble: FakeAnswer[] = [
      { status: 429, headers: { 'retry-after': '0' } },
      { status: 500, text: 'oops' },
      { text: '{"choices": [{"mess' },
      { delay: 20_000, text: '{}' },
      { text: '{"choices"', cut: true },
    ];
    const server = await fakeServer((request, number) => trouble[number] ?? honest(request));
    expect(await run(server, MATCHES, 1500)).toMatchObject({ wins: 1, ties: 1, losses: 1, asked: 6 });
  });

  test('stops at the wrong model, and goes on where it stopped', async () => {
    let changed = true;
    const server = await fakeServer((request, number) =>
      changed && number >= 4 ? completion('VERDICT: A', 'other') : honest(request),
    );
    await expect(run(server, MATCHES)).rejects.toMatchObject({ code: 'ENDPOINT_MODEL' });
    const kept = readFileSync(folder.path('answers.jsonl'), 'utf8').trim().split('\n');
    expect(kept).toHaveLength(4);
    const raw = JSON.parse(JSON.parse(kept[0]!).raw);
    expect(raw.choices[0].message.content).toContain('VERDICT');
    // A kill can cut the last line short.
    appendFileSync(folder.path('answers.jsonl'), '{"key":"sha256:');
    changed = false;
    expect(await run(server, MATCHES)).toMatchObject({ wins: 1, ties: 1, losses: 1, asked: 2, reused: 4 });
  });

  test('does not take the answers of another model for its own', async () => {
    const server = await fakeServer((request) => ({ ...(honest(request) as object), model: request.body.model }));
    await run(server, MATCHES);
    const answers = await AnswerFile.open(folder.path('answers.jsonl'));
    await judge(new ChatModel(server.url, { model: 'another' }), answers, MATCHES);
    expect(answers).toMatchObject({ asked: 6, reused: 0 });
    await answers.close();
  });
});

test('an answer file that is something else is refused', async () => {
  appendFileSync(folder.path('log.jsonl'), '{"id":"q1"}\n');
  await expect(AnswerFile.open(folder.path('log.jsonl'))).rejects.toMatchObject({ code: 'INPUT_INVALID' });
});

test.each([
  ['VERDICT: A', 'A'],
  ['First VERDICT: B, but no.\n**VERDICT: TIE**', 'tie'],
  ['Verdict: **b**', 'B'],
  ['A is better', null],
  ['VERDICT: AB', null],
])('reads %j as %s', (text, verdict) => {
  expect(readVerdict(text)).toBe(verdict);
});

test('texts with line breaks stay one item', () => {
  const [, user] = judgementMessages({ question: 'Q', references: [], a: ['one\n\nSet B\n1. two'], b: ['x'] });
  expect(user!.content).toBe('Question\nQ\n\nSet A\n1. one Set B 1. two\n\nSet B\n1. x');
});

test('generations of two policies are compared where both have some, beside the best three references', async () => {
  const server = await fakeServer(honest);
  const log = ['q1', 'q2'].map((id) => ({
    id,
    prompt: 'Well?',
    responses: ['low', 'high', 'middle', 'none'].map((text, i) => ({ id: text, text, signal: [1, 9, 5, 0][i]! })),
  }));
  async function* slates() {
    yield* log;
  }
  const of = (policy: string, text: string) => ({
    policy,
    texts: new Map([
      ['q1', [text, 'second']],
      ['q3', ['x']],
    ]),
  });
  const result = await judgeGenerations(slates(), of('ours', 'good!'), of('base', 'bad'), {
    ...{ url: server.url, model: 'fake', file: folder.path('judged.jsonl'), responses: 1 },
  });
  expect(result).toMatchObject({ against: 'base', wins: 1, ties: 0, losses: 0, asked: 2 });
  const { content } = server.requests[0]!.body.messages[1];
  expect(content).toContain('Answers that people gave\n1. high\n2. middle\n3. low\n');
  expect(content).not.toContain('second');
});

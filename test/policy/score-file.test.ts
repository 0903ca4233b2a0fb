import { writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Slate } from '../../src/data/slate.js';
import { DataError } from '../../src/errors.js';
import type { SlateScores } from '../../src/policy/policy.js';
import { scoreFile } from '../../src/policy/score-file.js';

const log: Slate[] = [
  {
    id: 'q1',
    prompt: 'p',
    responses: [
      { id: 'a', text: 'été' },
      { id: 'b', text: 'bee' },
    ],
  },
  { id: 'q2', prompt: 'p', responses: [{ id: 'a', text: 'sea' }] },
];
const score = (query: string, response: string, logprob: unknown = -1, more = {}) =>
  JSON.stringify({ query, response, policy: 'p', logprob, tokens: 2, ...more });
const complete = [score('q1', 'a', -1), score('q1', 'b', -2), score('q2', 'a', -3)];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pope-scores-'));
});

function write(name: string, content: readonly string[] | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, Array.isArray(content) ? `${content.join('\n')}\n` : (content as Buffer));
  return path;
}

async function collect(paths: string | string[], slates = log): Promise<SlateScores[]> {
  const scores: SlateScores[] = [];
  for await (const each of scoreFile(paths).score(slates)) scores.push(each);
  return scores;
}

const logprobs = (scores: SlateScores[]) => scores.map(({ responses }) => responses.map(({ logprob }) => logprob));

describe('score files as a policy', () => {
  it('gives the scores of a log, whatever the order of the lines', async () => {
    const wanted = [[-1, -2], [-3]];
    expect(logprobs(await collect(write('order.jsonl', complete)))).toEqual(wanted);
    expect(logprobs(await collect(write('reverse.jsonl', complete.toReversed())))).toEqual(wanted);
    expect(logprobs(await collect(write('gzip.jsonl.gz', gzipSync(complete.join('\n')))))).toEqual(wanted);
    expect(logprobs(await collect(write('mark.jsonl', Buffer.from(`\uFEFF\r\n${complete.join('\r\n')}`))))).toEqual(
      wanted,
    );
  });

  it('joins shards, and passes over scores that are not asked for', async () => {
    const shards = [write('2.jsonl', [complete[2]!, score('q3', 'a')]), write('1.jsonl', complete.slice(0, 2))];
    expect(logprobs(await collect(shards))).toEqual([[-1, -2], [-3]]);
    expect(logprobs(await collect(shards, log.slice(1)))).toEqual([[-3]]);
  });

  it('passes over responses that are not asked for, in the slate that is read and in the one before', async () => {
    const lines = [score('q0', 'a'), score('q1', 'x'), complete[0]!, complete[1]!, score('q1', 'y'), complete[2]!];
    expect(logprobs(await collect(write('more.jsonl', lines)))).toEqual([[-1, -2], [-3]]);
  });

  it.each([
    ['within the slate', [complete[0]!, complete[0]!, ...complete.slice(1)]],
    ['in the next slate', [...complete.slice(0, 2), complete[0]!, complete[2]!]],
    ['slates later', [...complete, score('q9', 'a'), complete[0]!]],
  ])('finds a second score %s', async (where, lines) => {
    const attempt = collect(write(`second ${where}.jsonl`, lines));
    await expect(attempt).rejects.toMatchObject({ code: 'SCORE_DUPLICATE' });
  });

  it('goes on in a table where the order breaks', async () => {
    const lines = [...complete.slice(0, 2), score('q4', 'a', -5), complete[2]!, score('q3', 'a', -4)];
    const slates = [...log, ...['q3', 'q4'].map((id) => ({ id, prompt: 'p', responses: [{ id: 'a', text: 't' }] }))];
    expect(logprobs(await collect(write('broken-order.jsonl', lines), slates))).toEqual([[-1, -2], [-3], [-4], [-5]]);
  });

  it('may be used again, and takes missing bytes from the text', async () => {
    const policy = scoreFile(write('again.jsonl', complete));
    for (let round = 0; round < 2; round++) {
      for await (const { responses } of policy.score(log.slice(0, 1))) {
        expect(responses[0]).toEqual({ response: 'a', logprob: -1, tokens: 2, bytes: 5, entropy: null, key: null });
      }
    }
  });

  it('knows its identity before anything is scored', () => {
    const more = { temperature: 1.3, dtype: 'bf16', model: 'sha256:m', tokenizer: 'sha256:t', identity: 'sha256:i' };
    const policy = scoreFile(write('identity.jsonl', [score('q1', 'a', -1, more)]));
    expect(policy.id).toBe('sha256:i');
    const { identity, ...fields } = more;
    expect(policy.identity).toEqual({ policy: 'p', ...fields });
    expect(scoreFile(write('plain.jsonl', complete)).id).toBe('p');
  });

  it.each([
    ['a missing score', complete.slice(0, 1), 'SCORE_MISSING', /no score of response "b" of query "q1"/],
    [
      'a second score',
      [...complete, complete[1]!],
      'SCORE_DUPLICATE',
      /:4: a second score of response "b" of query "q1"/,
    ],
    [
      'another policy',
      [complete[0]!, score('q1', 'b', -2, { policy: 'x' })],
      'SCORES_MIXED',
      /policy is "x" here but "p" in .*:1/,
    ],
    [
      'another temperature',
      [complete[0]!, score('q1', 'b', -2, { temperature: 2 })],
      'SCORES_MIXED',
      /temperature is number 2/,
    ],
    [
      'a text of other length',
      [score('q1', 'a', -1, { bytes: 3 }), ...complete.slice(1)],
      'SCORE_MISMATCH',
      /3 bytes of text, but has 5/,
    ],
  ])('refuses %s', async (name, lines, code, message) => {
    const attempt = collect(write(`${name.replaceAll(' ', '-')}.jsonl`, lines));
    await expect(attempt).rejects.toBeInstanceOf(DataError);
    await expect(attempt).rejects.toMatchObject({ code });
    await expect(attempt).rejects.toThrow(message);
  });

  it.each([
    ['NaN', '{"query":"q1","response":"a","logprob":NaN,"tokens":2}', 'expected a finite number, got NaN'],
    [
      '-Infinity',
      '{"query":"q1","response":"a","logprob": -Infinity,"tokens":2}',
      'expected a finite number, got -Infinity',
    ],
    ['null', score('q1', 'a', null), 'expected a finite number, got null'],
    ['a string', score('q1', 'a', '-1'), 'expected a finite number, got "-1"'],
    [
      'too large a number',
      '{"query":"q1","response":"a","logprob":-1e999,"tokens":2}',
      'expected a finite number, got number -Infinity',
    ],
    [
      'a likelihood with the wrong sign',
      score('q1', 'a', 12),
      'a log-probability is not positive (is this a negative log-likelihood?), got number 12',
    ],
  ])('refuses %s as log-probability, naming file and line', async (_, line, message) => {
    expect(() => scoreFile(write('first.jsonl', [line]))).toThrow(`first.jsonl:1: logprob: ${message}`);
    await expect(collect(write('later.jsonl', [...complete, line]))).rejects.toThrow(/later.jsonl:4: logprob/);
  });

  it.each([
    ['{"query":"q1","response":"a","logprob":-1}', 'tokens: expected a whole number above 0, got nothing'],
    ['{"query":"q1","response":"a","logprob":-1,"tokens":0}', 'tokens: expected a whole number above 0, got number 0'],
    [
      '{"query":"q1","response":"a","logprob":-1,"tokens":1.5}',
      'tokens: expected a whole number above 0, got number 1.5',
    ],
    ['{"query":1,"response":"a","logprob":-1,"tokens":1}', 'query: expected a non-empty string, got number 1'],
    ['{"query":"q1","response":"","logprob":-1,"tokens":1}', 'response: expected a non-empty string, got ""'],
    [score('q1', 'a', -1, { entropy: '0.5' }), 'entropy: expected a finite number or null, got "0.5"'],
    [score('q1', 'a', -1, { bytes: -3 }), 'bytes: expected a whole number above 0 or null, got number -3'],
    [score('q1', 'a', -1, { temperature: 0 }), 'temperature: expected a number above 0, got number 0'],
    [score('q1', 'a', -1, { policy: null }), 'policy: expected a non-empty string, got null'],
    [score('q1', 'a', -1, { model: 5 }), 'model: expected a string or null, got number 5'],
    [score('q1', 'a', -1, { truncated: 0 }), 'truncated: expected a whole number above 0, got number 0'],
    [score('q1', 'a', -1, { split: 'half' }), 'split: expected train'],
    ['[1]', 'expected an object, got an array of 1'],
    ['no json', 'expected one JSON object'],
  ])('refuses the line %s', (line, message) => {
    expect(() => scoreFile(write('bad.jsonl', [line]))).toThrow(message);
  });

  it('refuses files that are empty, not there or not files', () => {
    expect(() => scoreFile(write('empty.jsonl', ['', ' ']))).toThrow(expect.objectContaining({ code: 'SCORES_EMPTY' }));
    expect(() => scoreFile(join(folder, 'none.jsonl'))).toThrow(expect.objectContaining({ code: 'SCORES_NOT_FOUND' }));
    expect(() => scoreFile(folder)).toThrow(expect.objectContaining({ code: 'SCORES_UNREADABLE', exitCode: 3 }));
    expect(() => scoreFile([])).toThrow('at least one score file');
  });

  it('stops when told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    const scores = scoreFile(write('abort.jsonl', complete)).score(log, { signal });
    await expect(scores[Symbol.asyncIterator]().next()).rejects.toThrow('enough');
  });
});

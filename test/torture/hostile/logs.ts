import { gzipSync } from 'node:zlib';
import type { Random } from '../../../src/estimators/random.js';
import { type Content, type Family, LOG, magnitude, pick } from './case.js';
import { jsonBomb } from './json-bombs.js';

const SCORES = ['q1', 'q2']
  .flatMap((query) =>
    ['one', 'two'].map((response) => `${JSON.stringify({ query, response, logprob: -1, tokens: 1 })}\n`),
  )
  .join('');

const evaluate = (name: string, content: Content, codes = /^LOG_(INVALID|UNREADABLE|LINE_TOO_LONG|EMPTY)$/) => ({
  name,
  files: { 'hostile.jsonl': content, 'target.jsonl': SCORES },
  command: ['evaluate', '@hostile.jsonl', '--target', '@target.jsonl', '--logging', 'log', '--quiet'],
  codes,
});

const slate = (extra: object) => ({ id: 'q', prompt: 'p', responses: [{ id: 'a', text: 'b' }], ...extra });
const WRONG: unknown[] = [
  7,
  '',
  null,
  [],
  {},
  true,
  'x'.repeat(1 << 20),
  [[]],
  { id: { id: {} } },
  -1,
  1e308,
  '\ud800',
];

/** Lines of a log. */
export const logLines: Family = (random, i) => {
  switch (i % 8) {
    case 0:
    case 1:
    case 2: {
      const { name, content } = jsonBomb(random, i >> 1);
      return evaluate(`log: ${name}`, content);
    }
    case 3: {
      const field = pick(random, ['id', 'prompt', 'messages', 'responses', 'weight', 'cluster']);
      const wrong = field === 'prompt' || field === 'weight' ? [] : pick(random, WRONG.slice(0, 6));
      return evaluate(
        `log: ${field} of a wrong kind`,
        JSON.stringify(slate({ [field]: wrong, ...(field === 'messages' && { prompt: undefined }) })),
      );
    }
    case 4: {
      const count = magnitude(random, 20);
      const bad = pick(random, ['{}', '0', 'null', '{"id":"a"}', '[]']);
      return evaluate(
        'log: very many broken responses',
        () => `{"id":"q","prompt":"p","responses":[${`${bad},`.repeat(count)}{}]}`,
      );
    }
    case 5:
      return evaluate('log: one id for two queries', `${LOG}${LOG}`);
    case 6: {
      const judgement = pick<object>(random, [
        { winsOver: ['a'] },
        { winsOver: ['zz'] },
        { rank: 0 },
        { rank: 1.5 },
        { signal: '5' },
        { judge: '' },
        { group: 7 },
        { rank: 2 ** 53 },
      ]);
      return evaluate(
        'log: judgements',
        JSON.stringify(slate({ responses: [{ id: 'a', text: 'b', judgements: [judgement] }] })),
      );
    }
    default: {
      const mebibytes = 65 + random.integer(40);
      const start = pick(random, ['{"id":"', '[', '{"id":"q","prompt":"', '\0', '{"a":[1,']);
      return evaluate(`log: a line of ${mebibytes} MiB`, () =>
        Buffer.alloc(mebibytes << 20, 'x').fill(start, 0, start.length),
      );
    }
  }
};

/** Compressed logs. */
export const gzip: Family = (random, i) => {
  const bomb = (name: string, piece: string | Buffer, mebibytes: number, codes?: RegExp) =>
    evaluate(`gzip: ${name}`, () => gzipSync(Buffer.alloc(mebibytes << 20, piece), { level: 9 }), codes);
  const mebibytes = 100 + random.integer(200);
  switch (i % 7) {
    case 0:
      return bomb('a line of zeros', '0', mebibytes);
    case 1:
      return bomb('empty lines', '\n', mebibytes);
    case 2:
      return bomb('brackets', '[', mebibytes);
    case 3:
      return evaluate('gzip: members without end', () => {
        const member = gzipSync(Buffer.alloc(8 << 20, ' '), { level: 9 });
        return Buffer.concat(Array.from({ length: 30 + random.integer(30) }, () => member));
      });
    case 4: {
      const bytes = gzipSync(LOG);
      return evaluate('gzip: cut off', bytes.subarray(0, 3 + random.integer(bytes.length - 4)));
    }
    case 5: {
      const bytes = gzipSync(LOG);
      bytes.fill(random.integer(256), 10, 20 + random.integer(20));
      return evaluate('gzip: broken', bytes);
    }
    default:
      return evaluate('gzip in gzip', gzipSync(gzipSync(Buffer.alloc(magnitude(random, 24), '['))));
  }
};

/** Files that other commands wrote, or did not. */
export const results: Family = (random, i) => {
  const { name, content } = jsonBomb(random, i >> 2);
  const line = JSON.stringify({ query: 'q1', response: 'one', logprob: -1, tokens: 1 });
  const wrong = badScore(random);
  const targets = [
    { files: { 'target.jsonl': content }, what: `scores: ${name}`, target: '@target.jsonl' },
    {
      files: { 'target.jsonl': `${line}\n${wrong}\n` },
      what: `scores: ${wrong.slice(0, 60)}`,
      target: '@target.jsonl',
    },
  ];
  if (i % 3 === 2) {
    return {
      name: `generations: ${name}`,
      files: { 'generations.jsonl': content },
      command: ['metrics', '@log.jsonl', '--generations', '@generations.jsonl', '--embedder', 'lexical', '--quiet'],
      codes: /^GENERATIONS_/,
    };
  }
  const { files, what, target } = targets[i % 3]!;
  return {
    name: what,
    files,
    command: ['evaluate', '@log.jsonl', '--target', target, '--logging', 'log', '--quiet'],
    codes: /^SCORES?_/,
  };
};

function badScore(random: Random): string {
  const fields = { query: 'q1', response: 'two', logprob: -1, tokens: 1 };
  const [field, value] = pick<[string, unknown]>(random, [
    ['logprob', 1],
    ['logprob', '-1'],
    ['logprob', null],
    ['tokens', 0],
    ['tokens', 1.5],
    ['tokens', -magnitude(random, 50)],
    ['query', ''],
    ['query', { toString: 1 }],
    ['response', 7],
    ['temperature', 0],
    ['policy', []],
    ['policy', 'another'],
    ['split', '__proto__'],
    ['bytes', -1],
    ['response', 'one'],
    ['logprob', '-1e400'],
  ]);
  return JSON.stringify({ ...fields, [field]: value });
}

import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Slate } from '../../src/data/slate.js';
import { LexicalEncoder } from '../../src/encoders/index.js';
import * as metrics from '../../src/metrics/index.js';
import { measurements } from '../../src/metrics/measure/result.js';
import { type Generations, readGenerations } from '../../src/policy/generations.js';
import type { Policy } from '../../src/policy/policy.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';

const folder = useTemporaryFolder();
const LOG: Slate[] = [
  {
    id: 'q1',
    prompt: 'What of the park?',
    responses: [
      { id: 'a', text: 'keep the park', signal: 8, opinion: 'keep', group: 'old' },
      { id: 'b', text: 'build houses there', signal: 2, opinion: 'build', group: 'young' },
    ],
  },
  {
    id: 'q2',
    messages: [{ role: 'user', content: 'And the road?' }],
    responses: [
      { id: 'a', text: 'close the road', rank: 2, judgements: [{ judge: 'j', group: 'young', rank: 1 }] },
      { id: 'b', text: 'widen the road', rank: 1 },
    ],
  },
  { id: 'q3', prompt: 'Else?', responses: [{ id: 'a', text: 'no' }] },
];
const GENERATIONS: Generations = {
  policy: 'ours',
  texts: new Map([
    ['q1', ['keep the park', 'nothing else']],
    ['q2', ['close the road now', 'widen the road']],
  ]),
};

async function* slates(log = LOG): AsyncGenerator<Slate> {
  yield* log;
}

const measured = (options: Partial<metrics.MeasureOptions> = {}) =>
  metrics.measure(slates(), GENERATIONS, { encoder: new LexicalEncoder(), resamples: 50, ...options });

describe('measure', () => {
  test('gives every metric as the functions do', async () => {
    const encoder = new LexicalEncoder();
    const result = await measured({ encoder });
    expect(measurements.parse(result)).toEqual(result);
    const value = (name: string) => result.metrics.find(({ metric }) => metric === name)!.value!;
    // The same by hand; the encoder has learnt from the log by now.
    const byQuery = await Promise.all(
      LOG.slice(0, 2).map(async (slate) => {
        const generated = await encoder.embed(GENERATIONS.texts.get(slate.id)!);
        const references = await encoder.embed(slate.responses.map(({ text }) => text));
        return { similarity: metrics.cosineSimilarity(generated, references), generated };
      }),
    );
    const [first, second] = byQuery.map(({ similarity }) => similarity);
    const worths = metrics.plackettLuceWorths(2, [{ chosen: [1], from: [0, 1] }]);
    const mean = (a: number, b: number) => (a + b) / 2;
    expect(value('plScore')).toBeCloseTo(mean(metrics.plScore(first!, [8, 2]), metrics.plScore(second!, worths)), 10);
    expect(value('helpfulness')).toBeCloseTo(
      mean(metrics.helpfulness(first!, [8, 2]), metrics.helpfulness(second!, worths)),
      10,
    );
    expect(value('pluralisticCoverage')).toBeCloseTo(
      mean(metrics.pluralisticCoverage(first!), metrics.pluralisticCoverage(second!)),
      10,
    );
    expect(value('diversity')).toBeCloseTo(
      mean(
        ...(byQuery.map(({ generated }) =>
          metrics.pairwiseDiversity(metrics.cosineSimilarity(generated, generated)),
        ) as [number, number]),
      ),
      10,
    );
    const texts = [...GENERATIONS.texts.values()].flat();
    expect(value('distinct1')).toBeCloseTo(metrics.distinct(texts, 1), 10);
    expect(value('selfBleu')).toBeCloseTo(metrics.selfBleu(texts), 10);
    const opinions = result.metrics.find(({ metric }) => metric === 'opinionCoverage')!;
    expect(opinions).toMatchObject({ value: 0.5, queries: 1, undefinedQueries: 1, low: null });
    expect(result.groups).toMatchObject([
      { group: 'old', references: 1, value: 1 },
      { group: 'young', references: 2, queries: 2 },
    ]);
  });

  test('says what it could not do, and what its encoder is', async () => {
    const { warnings, encoder, queries, responses } = await measured();
    expect(warnings.map(({ code }) => code)).toEqual(['LEXICAL_ENCODER', 'UNGENERATED_QUERIES']);
    expect(encoder).toEqual({ kind: 'lexical', id: expect.stringContaining('not meaning') });
    expect({ queries, responses }).toEqual({ queries: 2, responses: 4 });
  });

  test('perplexity is that of all tokens together', async () => {
    const fluency: Pick<Policy, 'score'> = {
      async *score(given) {
        for await (const { id, responses } of given) {
          const scores = responses.map(({ id: response }, i) => ({
            ...{ response, logprob: id === 'q1' ? -6 : -2, tokens: i + 1, bytes: 1, entropy: null, key: null },
          }));
          yield { query: id, responses: scores };
        }
      },
    };
    const { metrics } = await measured({ fluency: fluency as Policy });
    expect(metrics.find(({ metric }) => metric === 'perplexity')!.value).toBeCloseTo(Math.exp(16 / 6), 10);
  });

  test('generations of another log are refused', async () => {
    const other = { policy: 'ours', texts: new Map([['elsewhere', ['x']]]) };
    const measuring = metrics.measure(slates(), other, { encoder: new LexicalEncoder() });
    await expect(measuring).rejects.toMatchObject({ code: 'GENERATIONS_OF_ANOTHER_LOG' });
  });
});

describe('generation files', () => {
  const write = (lines: object[]) => {
    writeFileSync(folder.path('g.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return readGenerations([folder.path('g.jsonl')]);
  };

  test('are read in the order of their index', async () => {
    const { texts, policy, cut } = await write([
      { query: 'q', index: 1, text: 'second', policy: 'p', finish: 'length' },
      { query: 'q', index: 0, text: 'first', policy: 'p', finish: 'stop' },
    ]);
    expect([policy, texts.get('q'), cut]).toEqual(['p', ['first', 'second'], 1]);
  });

  test.each([
    [
      'two policies',
      [
        { query: 'q', text: 'a', policy: 'p' },
        { query: 'q', text: 'b', policy: 'r' },
      ],
      'GENERATIONS_MIXED',
    ],
    [
      'a sample twice',
      [
        { query: 'q', index: 0, text: 'a' },
        { query: 'q', index: 0, text: 'b' },
      ],
      'GENERATION_DUPLICATE',
    ],
    ['nothing', [], 'GENERATIONS_EMPTY'],
  ])('%s', async (_, lines, code) => {
    await expect(write(lines)).rejects.toMatchObject({ code });
  });
});

/** After a change of src/metrics/measure/result.ts run this test with POPE_UPDATE_SCHEMAS=1, then the formatter. */
test('docs/schemas/metrics.schema.json is the schema of the result', () => {
  const path = new URL('../../docs/schemas/metrics.schema.json', import.meta.url);
  const schema = { title: 'pope metrics --json', ...z.toJSONSchema(measurements) };
  if (process.env.POPE_UPDATE_SCHEMAS) writeFileSync(path, `${JSON.stringify(schema, null, 2)}\n`);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(schema);
});

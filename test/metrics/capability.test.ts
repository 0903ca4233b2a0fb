import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  type CapabilityScores,
  capability,
  capabilityScores,
  readCapabilityItems,
} from '../../src/metrics/capability/index.js';
import { capabilityResult } from '../../src/metrics/capability/result.js';
import { type CausalModel, loadModel } from '../../src/models/index.js';
import { runCli } from '../cli/run-cli.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { expectClose } from '../helpers/tolerance.js';

const folder = useTemporaryFolder();
const QUESTIONS = [
  { question: 'Two and two?', choices: [' four', ' five', ' a hundred and six'], answer: 0 },
  { question: 'Sky?', choices: [' blue', ' green'], answer: 1 },
  { question: `${'A long story. '.repeat(6)}Who?`, choices: [' I', ' you'], answer: 0 },
];
// One text within the context of 64 tokens, one of three windows.
const TEXTS = ['The cat sat.', 'x'.repeat(40) + ' and then it went on and on and on and on and on. '.repeat(2)];

let path: string;
let model: CausalModel;
beforeAll(async () => {
  path = await tinyModel('gpt2-tiny');
  model = await loadModel(path, { device: 'cpu' });
});
afterAll(() => model.dispose());

/** Sum of the log-probabilities of ids[from ..] by whole rows of logits. */
async function direct(ids: number[], from: number): Promise<number> {
  const logits = await model.logits(ids);
  let sum = 0;
  for (let at = from; at < ids.length; at++) {
    const row = logits.subarray((at - 1) * model.vocabulary, at * model.vocabulary);
    sum += row[ids[at]!]! - Math.log(row.reduce((total, logit) => total + Math.exp(logit), 0));
  }
  return sum;
}

describe('capabilityScores', () => {
  test('takes the likeliest choice, by the sum and per byte', async () => {
    const { questions } = await capabilityScores(model, { questions: QUESTIONS, texts: [] });
    const encode = (text: string) => model.tokenizer!.encode(text);
    for (const [i, { question, choices, answer }] of QUESTIONS.slice(0, 2).entries()) {
      const prompt = [model.tokenizer!.bosId!, ...encode(question)];
      const sums: number[] = [];
      for (const choice of choices) sums.push(await direct([...prompt, ...encode(choice)], prompt.length));
      const perByte = sums.map((sum, k) => sum / Buffer.byteLength(choices[k]!));
      expect(questions[i]).toEqual({
        correct: sums[answer] === Math.max(...sums) ? 1 : 0,
        correctPerByte: perByte[answer] === Math.max(...perByte) ? 1 : 0,
      });
    }
    // The third one does not fit into 64 tokens.
    expect(questions[2]).toBeNull();
  });

  test('reads a text once, in windows that see the token before them', async () => {
    const { texts } = await capabilityScores(model, { questions: [], texts: TEXTS.map((text) => ({ text })) });
    for (const [i, text] of TEXTS.entries()) {
      const ids = [model.tokenizer!.bosId!, ...model.tokenizer!.encode(text)];
      let sum = 0;
      for (let at = 0; at < ids.length - 1; at += 63) sum += await direct(ids.slice(at, at + 64), 1);
      expect(texts[i]!.tokens).toBe(Buffer.byteLength(text));
      expectClose([texts[i]!.logprob], [sum], { atol: 1e-3, rtol: 1e-6 });
    }
  });

  test('does not count what comes before a text', async () => {
    const items = [{ prompt: 'Why?', text: ' So.' }, { text: 'Alone' }, { prompt: TEXTS[1]!, text: 'Too long.' }];
    const { texts } = await capabilityScores(model, { questions: [], texts: items });
    const ids = [model.tokenizer!.bosId!, ...model.tokenizer!.encode('Why? So.')];
    expect(texts[0]!.tokens).toBe(4);
    expectClose([texts[0]!.logprob], [await direct(ids, 5)], { atol: 1e-3, rtol: 1e-6 });
    expect(texts[1]!.tokens).toBe(5);
    expect(texts[2]).toBeNull();
  });

  test('gives equally likely choices their share', async () => {
    const questions = [{ question: 'Which?', choices: [' this', ' this', ' this'], answer: 1 }];
    const scores = await capabilityScores(model, { questions, texts: [] });
    expect(scores.questions).toEqual([{ correct: 1 / 3, correctPerByte: 1 / 3 }]);
  });
});

describe('capability', () => {
  const question = (correct: number) => ({ correct, correctPerByte: 1 - correct });
  const scores = (given: Partial<CapabilityScores>): CapabilityScores => {
    return { policy: 'p', tokenizer: 't', questions: [], texts: [], ...given };
  };
  const text = (logprob: number, tokens: number) => ({ logprob, tokens });

  test('compares on the same items, with paired intervals', () => {
    const after = scores({
      questions: [question(1), question(1), null, question(0), question(1)],
      texts: [text(-2, 2), text(-12, 6), null],
    });
    const before = scores({
      policy: 'b',
      questions: [question(1), question(0), question(1), question(0), null],
      texts: [text(-4, 2), text(-12, 6), text(-1, 1)],
    });
    const result = capability(after, before, { resamples: 200 });
    expect(capabilityResult.parse(result)).toEqual(result);
    expect(result).toMatchObject({
      before: 'b',
      questions: 3,
      skippedQuestions: 2,
      texts: 2,
      skippedTexts: 1,
      tokens: 8,
    });
    const [accuracy, perByte, perplexity] = result.measures;
    const values = (measure: typeof accuracy) =>
      [measure!.after, measure!.before!, measure!.change!].map(({ value }) => value!);
    expectClose(values(accuracy), [2 / 3, 1 / 3, 1 / 3], { atol: 1e-12, rtol: 0 });
    expectClose(values(perByte), [1 / 3, 2 / 3, -1 / 3], { atol: 1e-12, rtol: 0 });
    const perplexities = [Math.exp(14 / 8), Math.exp(16 / 8)] as const;
    expectClose(values(perplexity), [...perplexities, perplexities[0] - perplexities[1]], { atol: 1e-12, rtol: 0 });
    // Both models know the second text equally well: resamples of it alone do not change.
    expect(perplexity!.change!.high).toBeCloseTo(0, 12);
    expectClose([perplexity!.change!.low!], [Math.exp(1) - Math.exp(2)], { atol: 1e-12, rtol: 0 });
  });

  test('no model before, one item: no change, no interval', () => {
    const [perplexity] = capability(scores({ texts: [text(-3, 3)] })).measures;
    expect(perplexity).toMatchObject({
      after: { value: expect.closeTo(Math.E, 12), low: null },
      before: null,
      change: null,
    });
  });

  test.each([
    ['other items', scores({ questions: [null] }), scores({})],
    ['another tokenizer', scores({ texts: [text(-1, 1)] }), scores({ tokenizer: 'u', texts: [text(-1, 1)] })],
  ])('refuses %s', (_, after, before) => {
    expect(() => capability(after, before)).toThrow(expect.objectContaining({ code: 'CAPABILITY_PAIR' }));
  });
});

describe('item files', () => {
  test.each([
    ['', 'CAPABILITY_EMPTY', 'got none'],
    ['{"question":"?","choices":["a"],"answer":0}', 'INVALID_JSON', ':1: field "choices"'],
    ['{"question":"?","choices":["a","b"],"answer":2}', 'INVALID_JSON', 'field "answer": expected the index'],
    ['{"text":""}', 'INVALID_JSON', 'field "text"'],
    ['{"text":"a"}\nnot json', 'INVALID_JSON', ':2: not JSON'],
  ])('%s', async (content, code, message) => {
    const file = await folder.write('items.jsonl', content);
    await expect(readCapabilityItems([file])).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });
});

test('pope capability prints before, after and change', async () => {
  const lines = [...QUESTIONS, ...TEXTS.map((text) => ({ text }))].map((line) => JSON.stringify(line));
  const items = await folder.write('items.jsonl', `${lines.join('\n')}\n`);
  const argv = ['capability', items, '--model', path, '--before', await tinyModel('gpt2-tiny-f16-hubnames')];
  const json = await runCli([...argv, '--resamples', '50', '--json']);
  expect(json).toMatchObject({ code: 0, stderr: '' });
  const result = capabilityResult.parse(JSON.parse(json.stdout));
  const scores = await capabilityScores(model, await readCapabilityItems([items]));
  expect(result.measures.map(({ after }) => after.value)).toEqual(
    capability(scores).measures.map(({ after }) => after.value),
  );
  expect(result).toMatchObject({ questions: 2, skippedQuestions: 1, texts: 2 });
  const text = await runCli(argv);
  expect(text.stdout).toMatch(/ {2}after {2,}before {2,}change\n[- ]+\nAccuracy +\d/);
  expect(text.stdout).toContain('1 exceed the context');
});

/** After a change of src/metrics/capability/result.ts run this test with POPE_UPDATE_SCHEMAS=1, then the formatter. */
test('docs/schemas/capability.schema.json is the schema of the result', () => {
  const path = new URL('../../docs/schemas/capability.schema.json', import.meta.url);
  const schema = { title: 'pope capability --json', ...z.toJSONSchema(capabilityResult) };
  if (process.env.POPE_UPDATE_SCHEMAS) writeFileSync(path, `${JSON.stringify(schema, null, 2)}\n`);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(schema);
});

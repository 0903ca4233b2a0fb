import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { TrainingSettings } from '../../src/align/options.js';
import type { Slate } from '../../src/data/slate.js';
import { type ExportWeightsOptions, exportWeights, type ResponseWeight } from '../../src/export/index.js';
import type { Policy } from '../../src/policy/policy.js';
import { smallLog } from '../cli/logs.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';

const folder = useTemporaryFolder();
const slates: Slate[] = smallLog(6).map((slate, i) => ({
  ...slate,
  weight: 1 + (i % 3),
  responses: slate.responses.map((response, k) => ({ ...response, opinion: k % 2 === 0 ? 'yes' : 'no' })),
}));

/** A policy of given log-probabilities, flat over the responses of the log. */
function tablePolicy(logprobs: readonly number[], name = 'table'): Policy {
  return {
    id: name,
    identity: { policy: name, model: null, tokenizer: null, temperature: 1, dtype: 'none' },
    async *score(asked) {
      let next = 0;
      for await (const { id, responses } of asked) {
        yield {
          query: id,
          responses: responses.map(({ id: response, text }) => ({
            ...{ response, logprob: logprobs[next++]!, tokens: 1 + text.split(' ').length },
            ...{ bytes: Buffer.byteLength(text), entropy: null, key: null },
          })),
        };
      }
    },
  };
}

const responses = slates.flatMap((slate) => slate.responses);
const target = responses.map((_, k) => -6 - ((7 * k) % 11) / 3);
const reference = responses.map((_, k) => -6.5 - ((5 * k) % 7) / 4);

async function run(settings: TrainingSettings, logprobs = target, more: Partial<ExportWeightsOptions> = {}) {
  const output = folder.path('weights.jsonl');
  const report = await exportWeights(slates, {
    ...{ target: tablePolicy(logprobs), logging: 'log', reference: tablePolicy(reference), output },
    ...settings,
    ...more,
  });
  const text = readFileSync(output, 'utf8').trimEnd();
  return { report, lines: text.split('\n').map((line) => JSON.parse(line) as ResponseWeight) };
}

describe('exported coefficients are the derivatives of J by each log-probability', () => {
  test.each<TrainingSettings>([
    { method: 'pope' },
    { method: 'pope', normalise: 'none', transform: 'power:0.5', lambdaDiv: 0.3, form: 'gated' },
    { method: 'pope', objective: 'slate', form: 'gated', lambdaDiv: 0.5, transform: 'none', normalise: 'bytes' },
    { method: 'pope', objective: 'bound', form: 'gated', lambdaDiv: 0.5, proximity: 0.2 },
    { method: 'dpo' },
    { method: 'pl' },
    { method: 'sft' },
    { method: 'rwsft', power: 2 },
    { method: 'opinion' },
    { method: 'opinion', opinion: 'cover' },
  ])('%j', async (settings) => {
    const { lines } = await run(settings);
    expect(lines.map(({ query, response }) => [query, response])).toEqual(
      slates.flatMap(({ id, responses: own }) => own.map((response) => [id, response.id])),
    );
    const step = 1e-4;
    const value = async (k: number, by: number) => {
      const moved = target.with(k, target[k]! + by);
      return (await run(settings, moved)).report.value;
    };
    for (const [k, { coefficient }] of lines.entries()) {
      const slope = ((await value(k, step)) - (await value(k, -step))) / (2 * step);
      expect(Math.abs(slope - coefficient)).toBeLessThan(1e-6 * Math.abs(coefficient) + 1e-10);
    }
    expect(lines.some(({ coefficient }) => coefficient !== 0)).toBe(true);
  });
});

test('a line has what the coefficient is made of', async () => {
  const { lines, report } = await run({ method: 'pope' });
  const [first] = lines;
  expect(first).toMatchObject({ logprob: target[0], reference: reference[0], weight: 1 });
  expect(first!.logging).toBe(slates[0]!.responses[0]!.logging!.logprob);
  expect(first!.reward).toBeGreaterThan(0);
  expect(report).toMatchObject({ queries: 6, responses: responses.length, leftOut: 0 });
});

test('queries without votes or weight are left out', async () => {
  const output = folder.path('some.jsonl');
  const silent = slates.map((slate, i) => {
    if (i === 0) return { ...slate, weight: 0 };
    return i === 1 ? { ...slate, responses: slate.responses.map((each) => ({ ...each, signal: 0 })) } : slate;
  });
  const options = { method: 'sft' as const, target: tablePolicy(target), output };
  expect(await exportWeights(silent, options)).toMatchObject({ queries: 4, leftOut: 2 });
  const none = exportWeights(silent.slice(0, 2), options);
  await expect(none).rejects.toMatchObject({ code: 'NOTHING_TO_TRAIN' });
});

test('what a method needs is asked for', async () => {
  const without = { logging: undefined, reference: undefined };
  await expect(run({ method: 'pope' }, target, without)).rejects.toMatchObject({ code: 'EXPORT_NEEDS' });
  await expect(run({ method: 'dpo' }, target, without)).rejects.toMatchObject({ code: 'EXPORT_NEEDS' });
  await expect(run({ method: 'pope', proximity: 1 }, target, { reference: undefined })).rejects.toMatchObject({
    code: 'EXPORT_NEEDS',
  });
  await expect(run({ method: 'pope', tokenEntropy: true })).rejects.toMatchObject({ code: 'OPTION' });
  const { lines } = await run({ method: 'sft' }, target, without);
  expect(lines[0]).toMatchObject({ logging: null, reference: null });
});

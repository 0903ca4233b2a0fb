import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Slate } from '../../src/data/slate.js';
import { InterruptedError } from '../../src/errors.js';
import type { CausalModel } from '../../src/models/causal-model.js';
import { loadModel } from '../../src/models/load.js';
import { type GenerateToFileOptions, generateToFile } from '../../src/policy/generation-cache.js';
import { type GenerationLine, parseGenerationLine } from '../../src/policy/generation-line.js';
import { journalPath } from '../../src/policy/journal.js';
import { LocalGenerator, type LocalGeneratorOptions } from '../../src/policy/local-generator.js';
import { LocalPolicy } from '../../src/policy/local-policy.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';

const log: Slate[] = Array.from({ length: 7 }, (_, i) => ({
  id: `q${i}`,
  prompt: 'once upon a time'.slice(0, 1 + 2 * i),
  responses: [{ id: 'a', text: 'x' }],
}));

/** Two queries to a batch. */
const settings: LocalGeneratorOptions = { n: 3, maxTokens: 9, seed: 5, temperature: 1.5, batchTokens: 70 };

const folder = useTemporaryFolder();
let model: CausalModel;
let path: string;
let whole: string;

beforeAll(async () => {
  model = await loadModel(await tinyModel());
});
afterAll(() => model.dispose());
beforeEach(async () => {
  path = folder.path('generations.jsonl');
  await run({}, {}, folder.path('whole.jsonl'));
  whole = readFileSync(folder.path('whole.jsonl'), 'utf8');
});

async function* stream(slates: readonly Slate[]): AsyncGenerator<Slate> {
  yield* slates;
}

function run(
  options: Partial<LocalGeneratorOptions> = {},
  how: GenerateToFileOptions & { slates?: readonly Slate[] } = {},
  output = path,
) {
  const { slates = log, ...rest } = how;
  return generateToFile(new LocalGenerator(model, { ...settings, ...options }), stream(slates), output, rest);
}

const lines = (file = path): GenerationLine[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => parseGenerationLine(line, file));

describe('a generation file', () => {
  it('has n samples of each query, in log order, with what the model said of them', async () => {
    const report = await run();
    const written = lines();
    expect(written.map(({ query, index }) => [query, index])).toEqual(
      log.flatMap(({ id }) => [0, 1, 2].map((index) => [id, index])),
    );
    expect(report).toMatchObject({ queries: 7, generated: 21, reused: 0, dropped: 0, skipped: 0, truncated: 0 });
    expect(report.tokens).toBe(written.reduce((sum, { tokens }) => sum + tokens!, 0));
    expect(report.cut).toBe(written.filter(({ finish }) => finish === 'length').length);
    expect(existsSync(journalPath(path))).toBe(false);
    expect(Object.keys(JSON.parse(readFileSync(path, 'utf8').split('\n')[0]!))).toEqual(
      'query index text tokens logprob finish policy seed temperature identity key crc32'.split(' '),
    );
  });

  it('has the log-probability that a policy of the same model gives the text', async () => {
    // Bytes that are no UTF-8 do not come back as they were: samples of whole characters only.
    await run({ n: 1000, maxTokens: 4, temperature: 1 });
    const clean = lines().filter(({ text, finish }) => finish === 'stop' && !text.includes('\ufffd') && text !== '');
    expect(clean.length).toBeGreaterThan(3);
    const policy = new LocalPolicy(model, { temperature: 1 });
    expect(clean[0]!.policy).toBe(policy.identity.policy);
    for (const { query, text, logprob, tokens } of clean) {
      const slate = { ...log.find(({ id }) => id === query)!, responses: [{ id: 'a', text }] };
      for await (const { responses } of policy.score([slate])) {
        expect(responses[0]!.tokens).toBe(tokens);
        expect(responses[0]!.logprob).toBeCloseTo(logprob!, 3);
      }
    }
  });

  it('is a cache: another run does nothing, a larger n adds, a smaller one keeps', async () => {
    await run();
    expect(await run()).toMatchObject({ generated: 0, reused: 21, tokens: 0 });
    expect(readFileSync(path, 'utf8')).toBe(whole);
    expect(await run({ n: 5 })).toMatchObject({ generated: 14, reused: 21 });
    expect(lines().filter(({ index }) => index! < 3)).toEqual(lines(folder.path('whole.jsonl')));
    const five = readFileSync(path, 'utf8');
    await run({ n: 5 }, {}, folder.path('five.jsonl'));
    expect(five).toBe(readFileSync(folder.path('five.jsonl'), 'utf8'));
    expect(await run()).toMatchObject({ generated: 0, reused: 21, dropped: 0 });
    expect(readFileSync(path, 'utf8')).toBe(five);
  });

  it('goes on after an interruption, to the same bytes', async () => {
    const controller = new AbortController();
    let samples = 0;
    const stop = {
      signal: controller.signal,
      onProgress: (progress: { samples: number }) => {
        samples = progress.samples;
        if (samples > 9) controller.abort(new InterruptedError('INTERRUPTED', 'stopped'));
      },
    };
    await expect(run({}, stop)).rejects.toThrow('stopped');
    expect(existsSync(path)).toBe(false);
    const report = await run();
    expect(report.reused).toBeGreaterThan(0);
    expect(report.generated + report.reused).toBe(21);
    expect(readFileSync(path, 'utf8')).toBe(whole);
    expect(existsSync(journalPath(path))).toBe(false);
  });

  it('goes on from a journal that was cut anywhere', async () => {
    for (let size = whole.length; size >= 0; size -= 1777) {
      writeFileSync(journalPath(path), Buffer.from(whole).subarray(0, size));
      await run();
      expect(readFileSync(path, 'utf8')).toBe(whole);
      writeFileSync(path, '');
    }
  });

  it('does not depend on the size of batches', async () => {
    for (const batchTokens of [1, 100_000]) {
      const other = folder.path(`${batchTokens}.jsonl`);
      await run({ batchTokens }, {}, other);
      expect(readFileSync(other, 'utf8')).toBe(whole);
    }
  });

  it('keeps what the selected queries do not touch, and drops what the log lost or changed', async () => {
    await run({}, { selects: ({ id }) => id < 'q3' });
    expect(lines()).toHaveLength(9);
    expect(await run({}, { selects: ({ id }) => id >= 'q3' })).toMatchObject({ queries: 4, dropped: 0 });
    expect(readFileSync(path, 'utf8')).toBe(whole);
    const changed = [...log.slice(0, 5), { ...log[5]!, prompt: 'another' }];
    expect(await run({}, { slates: changed })).toMatchObject({ generated: 3, reused: 15, dropped: 6 });
  });

  it.each<Partial<LocalGeneratorOptions>>([
    { temperature: 0 },
    { topK: 3 },
    { topP: 0.5 },
    { seed: 6 },
    { maxTokens: 8 },
    { end: 'none' },
    { name: 'other' },
  ])('refuses generations of other settings: %j', async (other) => {
    await run();
    await expect(run(other)).rejects.toMatchObject({ code: 'GENERATIONS_OF_ANOTHER_POLICY', exitCode: 3 });
    await run(other, {}, folder.path('other.jsonl'));
    expect(
      lines(folder.path('other.jsonl'))
        .map(({ text }) => text)
        .join(),
    ).not.toBe(
      'name' in other
        ? ''
        : lines()
            .map(({ text }) => text)
            .join(),
    );
  });

  it('at temperature 0 has equal samples of the most probable tokens', async () => {
    await run({ temperature: 0 });
    for (const { id } of log) {
      const texts = lines().flatMap(({ query, text }) => (query === id ? [text] : []));
      expect(new Set(texts).size).toBe(1);
    }
  });

  it('refuses, leaves out or cuts a prompt that leaves no room', async () => {
    const long: Slate = { ...log[0]!, id: 'long', prompt: 'x'.repeat(model.context - 4) };
    const slates = [log[1]!, long];
    await expect(run({}, { slates })).rejects.toThrow(
      /query "long": \d+ prompt tokens and room for 9 new ones, but the model's context is \d+ tokens/,
    );
    expect(await run({ onOverflow: 'skip' }, { slates })).toMatchObject({ queries: 1, skipped: 1 });
  });

  it('names the line of a file that is none of its own', async () => {
    writeFileSync(path, '{"query":"q0","text":"by hand"}\n');
    await expect(run()).rejects.toThrow(`${path}:1: written by policy "unnamed"`);
  });
});

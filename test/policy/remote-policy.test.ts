import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LoggedDataset } from '../../src/data/dataset.js';
import type { Slate } from '../../src/data/slate.js';
import { type CausalModel, loadModel } from '../../src/models/index.js';
import { generateToFile } from '../../src/policy/generation-cache.js';
import { journalPath } from '../../src/policy/journal.js';
import { LocalPolicy } from '../../src/policy/local-policy.js';
import type { Policy, SlateScores } from '../../src/policy/policy.js';
import { type RemoteGeneratorOptions, remoteGenerator } from '../../src/policy/remote-generator.js';
import { type RemotePolicyOptions, remotePolicy } from '../../src/policy/remote-policy.js';
import { scoreToFile } from '../../src/policy/score-cache.js';
import { parseScoreLine } from '../../src/policy/score-line.js';
import { inShard, planShards } from '../../src/shards/plan.js';
import { modelServer, type ServerManners } from '../helpers/model-server.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';

const TEMPLATE = '{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}[assistant] ';
const slates: Slate[] = Array.from({ length: 12 }, (_, i) => ({
  id: `q${i}`,
  messages: [{ role: 'user', content: `question number ${i}` }],
  responses: ['yes', 'no, not that', 'é€😀 perhaps'].slice(0, 1 + (i % 3)).map((text, k) => ({ id: `r${k}`, text })),
}));
async function* log(): AsyncGenerator<Slate> {
  yield* slates;
}

const folder = useTemporaryFolder();
let modelFolder: string;
let model: CausalModel;
beforeAll(async () => {
  modelFolder = await tinyModel('llama3-tiny', TEMPLATE);
  model = await loadModel(modelFolder);
});
afterAll(() => model.dispose());

const QUICK = { backoff: 1, timeout: 400 };
const open = (url: string, options: Partial<RemotePolicyOptions> = {}) =>
  remotePolicy(url, { model: 'org/tiny', tokenizer: modelFolder, ...QUICK, ...options });

async function scoresOf(policy: Policy): Promise<SlateScores[]> {
  const scores: SlateScores[] = [];
  for await (const each of policy.score(slates)) scores.push(each);
  return scores;
}

describe('scores of a served model are those of its weights', () => {
  test.each<ServerManners>([{}, { forms: ['echo'] }, { takes: 'text' }])('%j', async (manners) => {
    const { url } = await modelServer(model, manners);
    const system = 'Be brief.';
    const remote = await scoresOf(await open(url, { system }));
    const local = await scoresOf(new LocalPolicy(model, { system }));
    expect(remote.map(({ query }) => query)).toEqual(local.map(({ query }) => query));
    for (const [i, { responses }] of local.entries()) {
      for (const [k, { logprob, ...rest }] of responses.entries()) {
        const { logprob: served, ...same } = remote[i]!.responses[k]!;
        expect(served).toBeCloseTo(logprob, 4);
        expect({ ...same, key: null, entropy: null }).toEqual({ ...rest, key: null, entropy: null });
      }
    }
  });

  test('the policy is model, tokenizer and prompt, wherever it is served', async () => {
    const [a, b] = [await open('http://a/v1'), await open('http://b/v1/completions')];
    expect(a.id).toBe(b.id);
    expect(a.identity).toEqual({
      policy: `tiny@${a.id.slice(7, 15)}`,
      model: 'served:org/tiny',
      tokenizer: model.tokenizer!.hash,
      temperature: 1,
      dtype: 'served',
    });
    const others = [{ model: 'org/other' }, { system: 'x' }, { end: 'none' as const }, { template: 'raw' as const }];
    const ids = await Promise.all(others.map(async (other) => (await open('http://a/v1', other)).id));
    expect(new Set([a.id, ...ids]).size).toBe(1 + others.length);
  });

  test('needs a tokenizer', async () => {
    await expect(open('http://a/v1', { tokenizer: folder.path('') })).rejects.toMatchObject({
      code: 'TOKENIZER_MISSING',
    });
  });
});

describe('scoring into a file', () => {
  const read = (path: string) => readFileSync(path, 'utf8');

  test('ends with the same scores at a server that fails and hangs as at a healthy one', async () => {
    const healthy = await modelServer(model);
    await scoreToFile(await open(healthy.url), log(), folder.path('healthy.jsonl'));
    // 30 % errors, 5 % that never answer.
    const instead = (number: number) => {
      const draw = (number * 37) % 100;
      if (draw < 30) return { status: draw < 15 ? 500 : 429, text: 'oops' };
      return draw < 35 ? { delay: 60_000, text: '' } : null;
    };
    const flaky = await modelServer(model, { instead });
    const report = await scoreToFile(await open(flaky.url), log(), folder.path('flaky.jsonl'));
    expect(report).toMatchObject({ queries: 12, responses: 24, scored: 24 });
    expect(flaky.requests.length).toBeGreaterThan(healthy.requests.length * 1.3);
    expect(read(folder.path('flaky.jsonl'))).toBe(read(folder.path('healthy.jsonl')));
  });

  test('keeps what it has, and asks nothing where nothing is missing', async () => {
    const path = folder.path('scores.jsonl');
    let down = false;
    const { url, requests } = await modelServer(model, {
      instead: (number) => (down && number > 30 ? { status: 500, text: 'down' } : null),
    });
    down = true;
    const stopped = scoreToFile(await open(url, { retries: 0, batchTokens: 64 }), log(), path);
    await expect(stopped).rejects.toMatchObject({ code: 'ENDPOINT_FAILED' });
    const journal = read(journalPath(path)).trimEnd().split('\n');
    expect(journal.length).toBeGreaterThan(1);
    down = false;
    const report = await scoreToFile(await open(url, { batchTokens: 64 }), log(), path);
    expect(report.reused).toBe(journal.length);
    const asked = requests.length;
    expect((await scoreToFile(await open(url), log(), path)).scored).toBe(0);
    expect(requests.length).toBe(asked);
    expect(existsSync(journalPath(path))).toBe(false);
    for (const line of read(path).trimEnd().split('\n')) expect(parseScoreLine(line, path).entropy).toBeNull();
  });

  test('has as many requests open as it may, not more', async () => {
    const { url, most } = await modelServer(model, { pause: 20 });
    await scoreToFile(await open(url, { concurrency: 6, timeout: 10_000 }), log(), folder.path('scores.jsonl'));
    expect(most()).toBe(6);
  });

  test('keeps to its shard', async () => {
    const { url, requests } = await modelServer(model);
    const policy = await open(url, { batchTokens: 64 });
    await policy.probe();
    const probed = requests.length;
    const [shard] = await planShards(
      policy,
      LoggedDataset.fromSlates(slates).located(),
      2,
      ({ responses }) => responses.length,
    );
    const report = await scoreToFile(policy, log(), folder.path('shard.jsonl'), { selects: inShard(shard!) });
    expect(report.queries).toBe(shard!.queries);
    expect(requests.length - probed).toBe(report.responses);
  });

  test('a defect that shows later is named too', async () => {
    let broken = false;
    const { url } = await modelServer(model, {
      instead: () => (broken ? { model: 'org/tiny', choices: [{ text: '', prompt_logprobs: [null, {}] }] } : null),
    });
    const policy = await open(url);
    await policy.probe();
    broken = true;
    await expect(scoreToFile(policy, log(), folder.path('later.jsonl'))).rejects.toMatchObject({
      code: 'TOKENS_SHIFTED',
    });
  });
});

describe('generating', () => {
  const settings: Partial<RemoteGeneratorOptions> = { temperature: 0.8, topP: 0.9, topK: 30, seed: 5 };
  const generator = (url: string, options: Partial<RemoteGeneratorOptions> = {}) =>
    remoteGenerator(url, {
      ...{ model: 'org/tiny', tokenizer: modelFolder, n: 2, maxTokens: 6, ...QUICK },
      ...settings,
      ...options,
    });

  test('asks for each sample with a seed of its own, and can go on', async () => {
    const { url, requests } = await modelServer(model);
    const path = folder.path('generations.jsonl');
    const report = await generateToFile(await generator(url), log(), path);
    expect(report).toMatchObject({ queries: 12, generated: 24, reused: 0 });
    expect(requests[1]!.body).toMatchObject({
      model: 'org/tiny',
      max_tokens: 6,
      temperature: 0.8,
      top_p: 0.9,
      top_k: 30,
    });
    expect(new Set(requests.slice(1).map(({ body }) => body.seed)).size).toBe(24);
    const lines = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const [i, line] of lines.entries()) {
      expect(line).toMatchObject({ query: `q${Math.floor(i / 2)}`, index: i % 2, seed: 5, logprob: null });
      expect(line.finish === 'length' ? line.tokens : 6).toBe(6);
    }
    const more = await generateToFile(await generator(url, { n: 3 }), log(), path);
    expect(more).toMatchObject({ generated: 12, reused: 24 });
    const other = generateToFile(await generator(url, { topP: 1 }), log(), path);
    await expect(other).rejects.toMatchObject({ code: 'GENERATIONS_OF_ANOTHER_POLICY' });
  });

  test('sends text to a server that takes no ids, unless it makes other tokens of it', async () => {
    const path = folder.path('from-text.jsonl');
    const { url, requests } = await modelServer(model, { takes: 'text' });
    expect((await generateToFile(await generator(url), log(), path)).generated).toBe(24);
    expect(requests.at(-1)!.body.prompt).toMatch(/^\[user\] question number 11/);
    const shifted = await modelServer(model, { takes: 'text', defect: 'retokenised' });
    const refused = generateToFile(await generator(shifted.url), log(), folder.path('none.jsonl'));
    await expect(refused).rejects.toMatchObject({
      code: 'TOKENS_SHIFTED',
      message: expect.stringMatching(/\d+ tokens are sent, and the server counts \d+/),
    });
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CausalModel, loadModel, SlateEncoder } from '../../src/models/index.js';
import { Endpoint } from '../../src/remote/endpoint.js';
import { probeServer } from '../../src/remote/probe.js';
import { fakeServer } from '../helpers/fake-server.js';
import { type Defect, modelServer, type ServerManners } from '../helpers/model-server.js';
import { tinyModel } from '../helpers/tiny-model.js';

let model: CausalModel;
beforeAll(async () => {
  model = await loadModel(await tinyModel());
});
afterAll(() => model.dispose());

async function probeAt(url: string, tolerance?: number) {
  const endpoint = new Endpoint(url, { backoff: 1, retries: 1 });
  const tokenizer = model.tokenizer!;
  const encoder = new SlateEncoder(tokenizer, 1000, {});
  return (await probeServer({ endpoint, model: 'tiny', tokenizer, encoder }, { tolerance })).probe;
}

const probe = async (manners: ServerManners, tolerance?: number) =>
  probeAt((await modelServer(model, manners)).url, tolerance);

describe('a sound server passes, however it wants to be asked', () => {
  test.each<[ServerManners, object]>([
    [{}, { form: 'prompt_logprobs', send: 'ids' }],
    [{ forms: ['echo'] }, { form: 'echo', send: 'ids' }],
    [{ takes: 'text' }, { form: 'prompt_logprobs', send: 'text-without-bos' }],
    [
      { takes: 'text', forms: ['echo'] },
      { form: 'echo', send: 'text-without-bos' },
    ],
  ])('%j', async (manners, dialect) => {
    const found = await probe(manners);
    expect(found).toMatchObject({ dialect, change: 0, top: { tokens: 20 } });
    expect(found.top!.share).toBeLessThan(0.9);
  });

  test('also one that gives few alternatives, or none', async () => {
    expect((await probe({ maxTop: 5 })).top!.tokens).toBe(5);
    expect((await probe({ maxTop: 1 })).top).toBeNull();
  });
});

describe('a broken server is refused, and the defect named', () => {
  const forms = ['prompt_logprobs', 'echo'] as const;
  test.each<[Defect, string, RegExp]>([
    ['echo-ignored', 'ECHO_IGNORED', /cannot score given text/],
    ['first-token-dropped', 'FIRST_TOKEN_MISSING', /begins with the second of \d+ tokens/],
    ['first-of-response-null', 'FIRST_TOKEN_MISSING', /the first token of a response has no log-probability/],
    ['follows-temperature', 'LOGPROBS_RENORMALISED', /follow the temperature of the request: they change by up to/],
    ['follows-top-p', 'LOGPROBS_RENORMALISED', /follow the top-p of the request: they are gone in part/],
    ['top-k-only', 'LOGPROBS_TRUNCATED', /top-k/],
    ['top-k-renormalised', 'LOGPROBS_TRUNCATED', /has probability 0/],
    ['logits', 'LOGPROBS_RENORMALISED', /has the log-probability|that sum to/],
    ['extra-bos', 'TOKENS_SHIFTED', /\d+ tokens are sent/],
    ['stale-prefix', 'LOGPROBS_STALE', /another response to the same query/],
    ['stale-response', 'LOGPROBS_STALE', /a response to another query/],
    ['noise', 'LOGPROBS_UNSTABLE', /changes by 0\.\d+ nats when it is asked for again, more than 0\.1/],
  ])('%s', async (defect, code, message) => {
    for (const form of forms) {
      const failure = await probe({ defect, forms: [form] }).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
    }
  });

  test('text that is cut into other tokens', async () => {
    for (const form of forms) {
      await expect(probe({ defect: 'retokenised', takes: 'text', forms: [form] })).rejects.toMatchObject({
        code: 'TOKENS_SHIFTED',
      });
    }
  });

  test('but a change that the caller accepts is accepted', async () => {
    const { change } = await probe({ defect: 'noise' }, 1);
    expect(change).toBeGreaterThan(0.1);
  });

  test('a server that refuses everything says why; another model is named', async () => {
    const refusing = await fakeServer(() => ({ status: 401, text: 'no key' }));
    await expect(probeAt(refusing.url)).rejects.toMatchObject({ code: 'ENDPOINT_REFUSED' });
    const other = await fakeServer(() => ({ model: 'huge', choices: [{ text: '' }] }));
    await expect(probeAt(other.url)).rejects.toMatchObject({ code: 'ENDPOINT_MODEL' });
    const older = await fakeServer(() => ({ choices: [{ text: 'x', logprobs: { content: [] } }] }));
    await expect(probeAt(older.url)).rejects.toMatchObject({ code: 'ECHO_IGNORED' });
  });
});

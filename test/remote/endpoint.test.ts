import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ChatModel } from '../../src/remote/chat.js';
import { mapConcurrent } from '../../src/remote/concurrent.js';
import { Endpoint, keyFor } from '../../src/remote/endpoint.js';
import { retryAfter } from '../../src/remote/retry-after.js';
import { completion, type FakeAnswer, fakeServer } from '../helpers/fake-server.js';

const QUICK = { backoff: 1, retries: 3 };
const schema = z.object({ n: z.number() });

/** Posts to a server that gives these answers in turn. */
async function post(answers: readonly FakeAnswer[], options: object = {}, signal?: AbortSignal) {
  const server = await fakeServer((_, number) => answers[number] ?? { n: -1 });
  const answer = new Endpoint(server.url, { ...QUICK, ...options }).post('things', { a: 1 }, schema, signal);
  return { server, answer };
}

describe('what may pass is tried again', () => {
  test.each<[string, FakeAnswer]>([
    ['status 429', { status: 429, text: 'slow down' }],
    ['status 500', { status: 500, text: 'oops' }],
    ['truncated JSON', { text: '{"n": ' }],
    ['an answer that breaks off', { text: '{"n": 1', cut: true }],
    ['a page of a proxy', { status: 502, text: '<html>' }],
  ])('%s', async (_, failure) => {
    const { server, answer } = await post([failure, failure, { n: 7 }]);
    expect(await answer).toMatchObject({ value: { n: 7 }, raw: '{"n":7}', attempts: 3 });
    expect(server.requests).toHaveLength(3);
    expect(server.requests[2]).toMatchObject({ path: '/v1/things', body: { a: 1 } });
  });

  test('an answer that does not come', async () => {
    const { answer } = await post([{ delay: 20_000, text: '{"n": 1}' }, { n: 7 }], { timeout: 1500 });
    expect((await answer).attempts).toBe(2);
  });

  test('after the pause that the server asks for', async () => {
    const start = performance.now();
    const { answer } = await post([{ status: 429, headers: { 'retry-after': '1' } }, { n: 7 }]);
    expect((await answer).attempts).toBe(2);
    expect(performance.now() - start).toBeGreaterThan(950);
  });

  test('but not for ever', async () => {
    const { server, answer } = await post(Array(9).fill({ status: 503, text: 'busy' }));
    await expect(answer).rejects.toMatchObject({
      code: 'ENDPOINT_FAILED',
      message: expect.stringMatching(/gave up after 4 attempts: status 503, "busy"/),
    });
    expect(server.requests).toHaveLength(4);
  });

  test('nor without a server', async () => {
    const endpoint = new Endpoint('http://127.0.0.1:9/v1', { ...QUICK, retries: 1 });
    await expect(endpoint.post('things', {}, schema)).rejects.toThrow(
      /gave up after 2 attempts: .*(ECONNREFUSED|bad port)/,
    );
  });
});

describe('what does not pass is not', () => {
  test.each<[string, FakeAnswer, string]>([
    ['a wrong key', { status: 401, text: 'no' }, 'ENDPOINT_REFUSED'],
    ['an unknown model', { status: 404, text: 'no' }, 'ENDPOINT_REFUSED'],
    ['another form', { m: 1 }, 'ENDPOINT_ANSWER'],
  ])('%s', async (_, failure, code) => {
    const { server, answer } = await post([failure]);
    await expect(answer).rejects.toMatchObject({ code });
    expect(server.requests).toHaveLength(1);
  });

  test('an interruption, also while waiting', async () => {
    const interruption = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => interruption.abort(reason), 100);
    const { answer } = await post([{ status: 429, headers: { 'retry-after': '60' } }], {}, interruption.signal);
    await expect(answer).rejects.toBe(reason);
  });
});

describe('keys', () => {
  test('are sent and never shown', async () => {
    const { server, answer } = await post([{ status: 401, text: '{"error":"bad key sk-secret"}' }], {
      apiKey: 'sk-secret',
    });
    const error = (await answer.catch((thrown: unknown) => thrown)) as Error;
    expect(server.requests[0]!.headers.authorization).toBe('Bearer sk-secret');
    expect(error.message).toContain('bad key [key]');
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('sk-secret');
  });

  test('go to the server that they are for', () => {
    const environment = { OPENAI_API_KEY: 'theirs' };
    expect(keyFor(new URL('https://api.openai.com/v1'), environment)).toBe('theirs');
    expect(keyFor(new URL('https://elsewhere.example/v1'), environment)).toBeUndefined();
    const both = { ...environment, POPE_API_KEY: 'ours' };
    expect(keyFor(new URL('https://elsewhere.example/v1'), both)).toBe('ours');
  });

  test.each(['ftp://host', 'host/v1', 'https://host/v1?key=1', 'https://me:secret@host/v1'])(
    '%s is no URL for it',
    (url) => {
      expect(() => new Endpoint(url)).toThrow(expect.objectContaining({ code: 'ENDPOINT_URL' }));
      expect(() => new Endpoint(url)).not.toThrow(/secret/);
    },
  );
});

describe('chat', () => {
  test('gives text, tokens and the answer as it came', async () => {
    const server = await fakeServer(() => completion('yes', 'fake-2024-01-01'));
    const chat = new ChatModel(server.url, { model: 'fake', seed: 3, ...QUICK });
    const answer = await chat.complete([{ role: 'user', content: 'well?' }]);
    expect(answer).toMatchObject({ text: 'yes', promptTokens: 10, completionTokens: 2, finish: 'stop' });
    expect(JSON.parse(answer.raw)).toEqual(completion('yes', 'fake-2024-01-01'));
    expect(server.requests[0]).toMatchObject({
      path: '/v1/chat/completions',
      body: { model: 'fake', temperature: 0, seed: 3, messages: [{ role: 'user', content: 'well?' }] },
    });
  });

  test('refuses another model', async () => {
    const server = await fakeServer(() => completion('yes', 'smaller'));
    const chat = new ChatModel(server.url, { model: 'large', ...QUICK });
    await expect(chat.complete([])).rejects.toMatchObject({ code: 'ENDPOINT_MODEL' });
  });

  test('does without counts', async () => {
    const { usage: _, model: __, ...rest } = completion('yes') as Record<string, unknown>;
    const server = await fakeServer(() => rest);
    const answer = await new ChatModel(`${server.url}/chat/completions`, { model: 'm' }).complete([]);
    expect(answer).toMatchObject({ text: 'yes', promptTokens: null, completionTokens: null });
    expect(server.requests[0]!.path).toBe('/v1/chat/completions');
  });
});

test('Retry-After is seconds or a date', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  expect(retryAfter('7', now)).toBe(7000);
  expect(retryAfter('Thu, 01 Jan 2026 00:00:05 GMT', now)).toBe(5000);
  expect(retryAfter('Thu, 01 Jan 2020 00:00:05 GMT', now)).toBe(0);
  expect([null, 'soon'].map((header) => retryAfter(header, now))).toEqual([0, 0]);
});

test('mapConcurrent keeps the order, the limit and the first failure', async () => {
  let working = 0;
  let most = 0;
  const map = async (item: number) => {
    most = Math.max(most, ++working);
    await new Promise((resolve) => setTimeout(resolve, 5 * (3 - (item % 3))));
    working--;
    return item * 2;
  };
  expect(await mapConcurrent([1, 2, 3, 4, 5], 2, map)).toEqual([2, 4, 6, 8, 10]);
  expect(most).toBe(2);
  const begun: number[] = [];
  const failing = mapConcurrent([0, 1, 2, 3], 2, async (item) => {
    begun.push(item);
    if (item === 0) throw new Error('first');
    await new Promise((resolve) => setTimeout(resolve, 10));
    return item;
  });
  await expect(failing).rejects.toThrow('first');
  expect(begun).toEqual([0, 1]);
});

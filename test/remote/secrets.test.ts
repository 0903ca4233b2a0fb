import { expect, it } from 'vitest';
import { z } from 'zod';
import { hubSettings } from '../../src/hub/settings.js';
import { Endpoint } from '../../src/remote/endpoint.js';
import { type FakeAnswer, fakeServer } from '../helpers/fake-server.js';

const key = 'sk-secret-0123456789abcdef';
const schema = z.object({ text: z.string() });

/** What `post` ends with, as everything that a program could print of it. */
async function outcome(answer: FakeAnswer, apiKey = key): Promise<string> {
  const server = await fakeServer(() => answer);
  const endpoint = new Endpoint(server.url, { apiKey, retries: 0 });
  const result = await endpoint.post('things', {}, schema).catch((error: Error) => ({
    message: error.message,
    stack: error.stack,
    causes: [error.cause, (error.cause as Error | undefined)?.cause].map(String),
  }));
  return JSON.stringify([result, { ...endpoint }, String(endpoint)]);
}

it.each<[string, FakeAnswer]>([
  ['a refusal that quotes the headers', { status: 401, text: `no access for authorization: Bearer ${key}` }],
  ['a failure that quotes the key', { status: 500, text: `{"error":"${key}"}` }],
  ['an answer that is no JSON', { text: `${key}` }],
  ['an answer of another form', { text: JSON.stringify({ [key]: key }) }],
  ['a good answer that holds the key', { text: JSON.stringify({ text: `your key is ${key}` }) }],
  // Where what is shown of an answer is cut off, in the midst of the key.
  ...Array.from({ length: 30 }, (_, i): [string, FakeAnswer] => [
    `a refusal that is cut off ${i}`,
    { status: 403, text: `${'x'.repeat(270 + i)}${key}` },
  ]),
])('the key is nowhere: %s', async (_, answer) => {
  expect(await outcome(answer)).not.toContain(key.slice(0, 10));
});

it('what is no secret stays in good answers', async () => {
  expect(await outcome({ text: '{"text":"EMPTY"}' }, 'EMPTY')).toContain('EMPTY');
});

it.each([
  `http://user:${key}@[host/v1`,
  `http://${key}@host:99999/v1`,
  `https://host/v1?api_key=${key}`,
  `https://host/v1#${key}`,
  `ftp://user:${key}@host/`,
  `https://user:${key}@host/v1`,
])('an address that is refused does not show what may be a key: %#', (url) => {
  expect(() => new Endpoint(url)).toThrow(expect.objectContaining({ code: 'ENDPOINT_URL' }));
  expect(() => new Endpoint(url)).not.toThrow(key);
});

it.each([`${key}\n`, `${key} `, `"${key}\u00e9"`])(
  'a key that no header can have is refused unseen: %#',
  async (wrong) => {
    expect(() => new Endpoint('http://host/v1', { apiKey: wrong })).toThrow(
      expect.objectContaining({ code: 'ENDPOINT_KEY' }),
    );
    expect(() => new Endpoint('http://host/v1', { apiKey: wrong })).not.toThrow(key);
    const failure = await hubSettings({ HF_TOKEN: wrong }).catch((error: Error) => error);
    expect(failure).toMatchObject({ code: 'ENDPOINT_KEY', message: expect.stringMatching(/^HF_TOKEN: /) });
    expect(String(failure)).not.toContain(key);
  },
);

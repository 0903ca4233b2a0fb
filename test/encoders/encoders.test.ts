import { describe, expect, test } from 'vitest';
import { EndpointEncoder, LexicalEncoder, openEncoder } from '../../src/encoders/index.js';
import { cosineSimilarity } from '../../src/metrics/index.js';
import { fakeServer } from '../helpers/fake-server.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyBert } from '../helpers/tiny-encoder.js';

const root = temporaryFolder();

async function cosine(encoder: LexicalEncoder, a: string, b: string): Promise<number> {
  const [left, right] = await encoder.embed([a, b]);
  return cosineSimilarity([left!], [right!]).values[0]!;
}

describe('lexical', () => {
  test('counts shared words, whatever their case and the punctuation around them', async () => {
    const encoder = new LexicalEncoder();
    expect(await cosine(encoder, 'The cat sleeps.', 'the CAT sleeps!')).toBeCloseTo(1, 6);
    expect(await cosine(encoder, 'the cat sleeps', 'a dog barks')).toBeCloseTo(0, 6);
    const some = await cosine(encoder, 'the cat sleeps', 'the cat runs');
    expect(some).toBeGreaterThan(0.3);
    expect(some).toBeLessThan(0.8);
  });

  test('is the formula where no places collide', async () => {
    // Without fit all idf are 1: "a a b" has a (1 + ln 2), b, "a a", "a b"; "a" has a.
    const expected = (1 + Math.log(2)) / Math.hypot(1 + Math.log(2), 1, 1, 1);
    expect(await cosine(new LexicalEncoder({ dimensions: 1 << 20 }), 'a a b', 'a')).toBeCloseTo(expected, 6);
  });

  test('weighs down what a log says everywhere', async () => {
    const plain = new LexicalEncoder();
    const fitted = new LexicalEncoder();
    fitted.fit(['the cat', 'the dog', 'the film', 'the end']);
    const [before, after] = [await cosine(plain, 'the cat', 'the dog'), await cosine(fitted, 'the cat', 'the dog')];
    expect(after).toBeLessThan(before);
    expect(fitted.id).toMatch(/^lexical.*not meaning/);
  });

  test('knows nothing of texts without words, and splits scripts without spaces', async () => {
    const encoder = new LexicalEncoder();
    const [empty, marks] = await encoder.embed(['', '?! ...']);
    expect([...empty!, ...marks!].every((value) => value === 0)).toBe(true);
    expect(await cosine(encoder, '\u6211\u559c\u6b22\u732b', '\u6211\u559c\u6b22\u72d7')).toBeGreaterThan(0.4);
  });
});

/** What a server of embeddings answers: the length of each text and its place among those sent. */
const data = (input: string[]) => input.map((text, index) => ({ index, embedding: [text.length, 1] })).reverse();

describe('an endpoint', () => {
  const OPTIONS = { model: 'm', backoff: 1, retries: 2 };

  test('is asked in batches, once for equal texts and never for empty ones', async () => {
    const server = await fakeServer(({ body }, number) =>
      number === 0 ? { status: 429 } : { model: 'm', data: data(body.input) },
    );
    const encoder = new EndpointEncoder(server.url, { ...OPTIONS, batch: 2, concurrency: 1 });
    const vectors = await encoder.embed(['one', 'three', 'one', '', 'seventeen']);
    expect(vectors.map((vector) => [...vector])).toEqual([
      [3, 1],
      [5, 1],
      [3, 1],
      [0, 0],
      [9, 1],
    ]);
    expect(server.requests.map(({ body }) => body.input)).toEqual([['one', 'three'], ['one', 'three'], ['seventeen']]);
    expect(server.requests[0]!.path).toBe('/v1/embeddings');
    expect(encoder.id).toBe(`m at ${server.url}`);
  });

  test.each<[string, (input: string[]) => object[], string]>([
    ['too few vectors', (input) => data(input).slice(1), 'ENDPOINT_ANSWER'],
    ['one vector twice', (input) => [...data(input).slice(1), data(input)[1]!], 'ENDPOINT_ANSWER'],
    [
      'vectors of two lengths',
      (input) => [{ index: 0, embedding: [1] }, ...data(input).slice(0, 1)],
      'ENDPOINT_ANSWER',
    ],
    ['numbers that are none', () => [{ index: 0, embedding: ['x'] }], 'ENDPOINT_ANSWER'],
  ])('is not believed: %s', async (_, make, code) => {
    const server = await fakeServer(({ body }) => ({ data: make(body.input) }));
    const encoder = new EndpointEncoder(server.url, OPTIONS);
    await expect(encoder.embed(['a', 'bb'])).rejects.toMatchObject({ code });
  });

  test('that runs another model is refused', async () => {
    const server = await fakeServer(({ body }) => ({ model: 'other', data: data(body.input) }));
    await expect(new EndpointEncoder(server.url, OPTIONS).embed(['a'])).rejects.toMatchObject({
      code: 'ENDPOINT_MODEL',
    });
  });
});

describe('openEncoder', () => {
  test.each([
    ['lexical', 'lexical', {}],
    ['https://host.example/v1', 'endpoint', { model: 'm' }],
    [tinyBert(root), 'model', { device: 'cpu' }],
  ] as const)('%s', async (name, kind, options) => {
    const encoder = await openEncoder(name, options);
    expect(encoder.kind).toBe(kind);
    encoder.dispose();
  });

  test('a URL needs the name of a model', async () => {
    await expect(openEncoder('https://host.example/v1')).rejects.toMatchObject({ code: 'ENDPOINT_MODEL_NAME' });
  });
});

import { describe, expect, it } from 'vitest';
import { parseSlate, validateSlate } from '../../src/data/schema.js';

const good = () => ({
  id: 'q1',
  prompt: 'text',
  responses: [
    { id: 'a', text: 'yes', signal: -2.5, logging: { logprob: -41.7, tokens: 17, policy: 'prod-3' } },
    { id: 'b', text: 'no', rank: 1, judgements: [{ judge: 'j', group: 'US', winsOver: ['a'] }] },
  ],
  weight: 0,
  cluster: 'user-12',
});

/** `good` with the value at `path` replaced; undefined removes the field. */
function changed(path: string, value: unknown): unknown {
  const slate = good();
  const keys = path.split('.');
  const last = keys.pop()!;
  // biome-ignore lint/suspicious/noExplicitAny: walks a value of any shape
  const parent = keys.reduce<any>((inner, key) => inner[key], slate);
  parent[last] = value;
  return JSON.parse(JSON.stringify(slate));
}

const message = (line: string) => {
  try {
    parseSlate(line, 'log.jsonl:7');
  } catch (error) {
    expect(error).toMatchObject({ name: 'DataError', code: 'LOG_INVALID', exitCode: 3 });
    return (error as Error).message;
  }
  return 'accepted';
};

describe('parseSlate', () => {
  it('returns the line as it is, unknown fields of every level included', () => {
    const slate = {
      id: 'q',
      messages: [{ role: 'user', content: '', extra: 1 }],
      responses: [
        { id: 'a', text: 'x', judgements: [{ extra: [1] }], logging: { logprob: 0, extra: null }, extra: {} },
      ],
      constructor: 'x',
    };
    expect(parseSlate(JSON.stringify(slate), 'x')).toEqual(slate);
  });

  it.each<[string, unknown, string]>([
    ['id', undefined, 'id: expected a string, got nothing'],
    ['id', 17, 'id: expected a string, got number 17'],
    ['id', '', 'id: expected a non-empty string, got ""'],
    ['prompt', undefined, 'expected exactly one of prompt and messages, got neither'],
    ['messages', [{ role: 'user', content: 'x' }], 'expected exactly one of prompt and messages, got both'],
    ['messages', [], 'messages: expected at least one message, got an array of 0'],
    ['messages', [{ role: 'user' }], 'messages[0].content: expected a string, got nothing'],
    ['responses', undefined, 'responses: expected an array, got nothing'],
    ['responses', [], 'responses: expected at least one response, got an array of 0'],
    ['responses.1', 'text', 'responses[1]: expected an object, got "text"'],
    ['responses.1.id', 'a', 'responses[1].id: expected an id of its own within the slate, got "a" again'],
    ['responses.0.text', '', 'responses[0].text: expected a non-empty string, got ""'],
    ['responses.0.signal', '3', 'responses[0].signal: expected a finite number, got "3"'],
    ['responses.0.signal', null, 'responses[0].signal: expected a finite number, got null'],
    ['responses.0.rank', 0, 'responses[0].rank: expected an integer from 1 (1 is best), got number 0'],
    ['responses.0.rank', 1.5, 'responses[0].rank: expected an integer from 1 (1 is best), got number 1.5'],
    ['responses.0.logging.logprob', 0.5, 'responses[0].logging.logprob: expected a sum of log-probabilities in nats,'],
    ['responses.0.logging.logprob', undefined, 'responses[0].logging.logprob: expected a finite number, got nothing'],
    [
      'responses.0.logging.tokens',
      0,
      'responses[0].logging.tokens: expected a number of tokens, at least 1, got number 0',
    ],
    ['responses.1.judgements', {}, 'responses[1].judgements: expected an array, got an object of type Object'],
    [
      'responses.1.judgements.0.winsOver.0',
      'c',
      'responses[1].judgements[0].winsOver[0]: expected the id of another response of this slate, got "c"',
    ],
    [
      'responses.1.judgements.0.winsOver.0',
      'b',
      'responses[1].judgements[0].winsOver[0]: expected the id of another response of this slate, got "b"',
    ],
    ['weight', -1, 'weight: expected a number that is not negative, got number -1'],
    ['cluster', '', 'cluster: expected a non-empty string, got ""'],
  ])('names place and field when %s is %j', (path, value, expected) => {
    expect(message(JSON.stringify(changed(path, value)))).toContain(`log.jsonl:7: ${expected}`);
  });

  it('accepts the slate that these cases change', () => expect(message(JSON.stringify(good()))).toBe('accepted'));

  it('refuses numbers that are not finite', () => {
    expect(message(JSON.stringify(good()).replace('-2.5', '1e999'))).toContain(
      'responses[0].signal: expected a finite number, got number Infinity',
    );
    expect(message(JSON.stringify(good()).replace('-2.5', 'NaN'))).toContain('expected one JSON object, got ');
    const value = good();
    value.responses[0]!.signal = Number.NaN;
    expect(() => validateSlate(value, 'x')).toThrow('responses[0].signal: expected a finite number, got number NaN');
  });

  it.each(['', '[]', '"text"', 'null', '{', '{"id":"q"} {"id":"r"}', '{"a":"\u0000"}'])('refuses %j', (line) => {
    expect(message(line)).toMatch(/^log\.jsonl:7: expected (one|a) JSON object, got /);
  });

  it('refuses text without a UTF-8 form, accepts pairs of surrogates and NUL', () => {
    expect(message(JSON.stringify(changed('responses.0.text', '\ud800x')))).toContain('no lone surrogates');
    expect(message(JSON.stringify(changed('prompt', '🌳\u0000')))).toBe('accepted');
  });

  it('refuses fields named __proto__ at any depth and leaves prototypes alone', () => {
    const line = JSON.stringify(good());
    for (const bad of [
      line.replace('{', '{"__proto__":{"polluted":1},'),
      line.replace('"weight":0', '"extra":[{"a":{"\\u005f_proto__":{"polluted":1}}}]'),
    ]) {
      expect(message(bad)).toContain('got a key __proto__, which is not safe to copy');
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(message(line.replace('"weight":0', '"constructor":{"prototype":{"polluted":1}}'))).toBe('accepted');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('refuses nesting without end', () => {
    const line = JSON.stringify(good());
    const nested = (depth: number) => line.replace('"weight":0', `"extra":${'['.repeat(depth)}${']'.repeat(depth)}`);
    expect(message(nested(99))).toBe('accepted');
    expect(message(nested(100))).toContain('got more than 100 levels of nesting');
    expect(message(nested(200_000))).toContain('got more than 100 levels of nesting');
  });
});

import { describe, expect, it } from 'vitest';
import { DataError } from '../../src/errors.js';
import { parseGenerationLine } from '../../src/policy/generation-line.js';

describe('a line of a generation file', () => {
  it('needs query and text only', () => {
    expect(parseGenerationLine('{"query":"q","text":""}', 'here')).toEqual({
      query: 'q',
      index: null,
      text: '',
      tokens: null,
      logprob: null,
      finish: null,
      policy: 'unnamed',
      seed: null,
      temperature: null,
      identity: null,
      key: null,
    });
  });

  it.each([
    ['{"query":"q"', /^f:3: expected one JSON object/],
    ['{"query":"q"}', /^f:3: text: .*, got nothing$/],
    ['{"query":"","text":"x"}', /^f:3: query: .*, got ""$/],
    ['{"query":"q","text":"x","finish":"end"}', /^f:3: finish: .*, got "end"$/],
    ['{"query":"q","text":"x","index":-1}', /^f:3: index: .*, got number -1$/],
    ['[]', /^f:3: .*, got an array/],
  ])('is refused when it is %s', (line, message) => {
    const parse = () => parseGenerationLine(line, 'f:3');
    expect(parse).toThrow(message);
    expect(parse).toThrow(expect.objectContaining({ code: 'GENERATIONS_INVALID' }));
    expect(parse).toThrow(DataError);
  });
});

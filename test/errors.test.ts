import { describe, expect, it } from 'vitest';
import { DataError, describeError, describeValue, PopeError, UnavailableError, UsageError } from '../src/errors.js';

describe('describeValue', () => {
  it.each<[unknown, string]>([
    ['two\nlines', '"two\\nlines"'],
    [`${'long\n'.repeat(30)}`, `"${'long\\n'.repeat(11)}lo..."`],
    [null, 'null'],
    [undefined, 'undefined undefined'],
    [Number.NaN, 'number NaN'],
    [[1, 2], 'an array of 2'],
    [new Map(), 'an object of type Map'],
    [Object.create(null), 'an object of type Object'],
    [{ constructor: { name: { toString: 1 } } }, 'an object of type Object'],
  ])('of %j is short and one line', (value, text) => expect(describeValue(value)).toBe(text));
});

describe('describeError', () => {
  it('makes one line of bounded length of whatever was thrown', () => {
    expect(describeError(new Error('Unexpected token \r\n\u0000 in "x"'))).toBe('Unexpected token in "x"');
    expect(describeError('text')).toBe('text');
    expect(describeError(new Error('x'.repeat(1000)))).toHaveLength(300);
  });
});

it('errors carry their code, class name and exit code', () => {
  expect(new DataError('LOG_EMPTY', 'm')).toMatchObject({ code: 'LOG_EMPTY', name: 'DataError', exitCode: 3 });
  expect([
    new UsageError('A', 'm').exitCode,
    new UnavailableError('A', 'm').exitCode,
    new PopeError('A', 'm').exitCode,
  ]).toEqual([2, 4, 1]);
});

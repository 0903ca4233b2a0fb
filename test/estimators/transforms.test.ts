import { describe, expect, it } from 'vitest';
import { formatTransform, parseTransform } from '../../src/estimators/transforms.js';

describe('parseTransform', () => {
  it.each([
    [undefined, { name: 'identity', value: 0 }],
    ['none', { name: 'identity', value: 0 }],
    ['identity', { name: 'identity', value: 0 }],
    ['clip:10', { name: 'clip', value: 10 }],
    ['power:0.5', { name: 'power', value: 0.5 }],
    ['shrinkage:1e3', { name: 'shrinkage', value: 1000 }],
    ['sub-gaussian:1', { name: 'sub-gaussian', value: 1 }],
    [
      { name: 'clip', value: 2 },
      { name: 'clip', value: 2 },
    ],
    [{ name: 'none' }, { name: 'identity', value: 0 }],
  ])('%j', (option, transform) => {
    expect(parseTransform(option)).toEqual(transform);
    expect(parseTransform(formatTransform(transform as ReturnType<typeof parseTransform>))).toEqual(transform);
  });

  it.each([
    'clip',
    'clip:',
    'clip:0',
    'clip:-1',
    'clip:ten',
    'clip:1:2',
    'clip:Infinity',
    'power:1.1',
    'power:-0.1',
    'shrinkage:0',
    'sub-gaussian:2',
    'none:1',
    'toString:1',
    '',
  ])('refuses "%s"', (option) => {
    expect(() => parseTransform(option)).toThrowError(expect.objectContaining({ code: 'TRANSFORM', exitCode: 2 }));
  });
});

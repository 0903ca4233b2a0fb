import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseSplit, parseSplitRatio, type SplitRatio, splitOf } from '../../src/data/split.js';

const ids = Array.from({ length: 20_000 }, (_, i) => `query-${i}`);

describe('splitOf', () => {
  it('is the documented hash', () => {
    for (const id of ids.slice(0, 200)) {
      const position =
        Number.parseInt(createHash('sha256').update(`7\n${id}`).digest('hex').slice(0, 12), 16) / 2 ** 48;
      expect(splitOf(id, [0.5, 0.25, 0.25], 7)).toBe(
        position < 0.5 ? 'train' : position < 0.75 ? 'validation' : 'test',
      );
    }
  });

  it('keeps to the ratio', () => {
    const ratio: SplitRatio = [0.8, 0.1, 0.1];
    const counts = { train: 0, validation: 0, test: 0 };
    for (const id of ids) counts[splitOf(id, ratio)]++;
    // Four standard deviations of a binomial share at n = 20,000.
    expect(Math.abs(counts.train / ids.length - 0.8)).toBeLessThan(4 * Math.sqrt((0.8 * 0.2) / ids.length));
    expect(Math.abs(counts.test / ids.length - 0.1)).toBeLessThan(4 * Math.sqrt((0.1 * 0.9) / ids.length));
  });

  it('moves queries only between the ends whose share changes', () => {
    for (const id of ids.slice(0, 2000)) {
      if (splitOf(id, [0.8, 0.1, 0.1]) === 'test') expect(splitOf(id, [0.7, 0.1, 0.2])).toBe('test');
    }
  });

  it('depends on the seed', () => {
    const changed = ids.filter((id) => splitOf(id, [0.5, 0, 0.5], 0) !== splitOf(id, [0.5, 0, 0.5], 1));
    expect(Math.abs(changed.length / ids.length - 0.5)).toBeLessThan(0.02);
  });

  it('leaves a split of share 0 empty', () => {
    expect(new Set(ids.map((id) => splitOf(id, [1, 0, 0])))).toEqual(new Set(['train']));
    expect(new Set(ids.map((id) => splitOf(id, [0.5, 0, 0.5])))).toEqual(new Set(['train', 'test']));
  });

  it('refuses a seed that is not an integer', () => {
    expect(() => splitOf('a', [1, 0, 0], 0.5)).toThrow(expect.objectContaining({ code: 'SPLIT_SEED' }));
  });
});

describe('parseSplitRatio', () => {
  it('reads three shares', () => expect(parseSplitRatio('0.8, 0.1,0.1')).toEqual([0.8, 0.1, 0.1]));
  it.each(['', '0.8,0.2', '0.8,0.1,0.2', '1.2,-0.1,-0.1', 'a,b,c', '0.5,0.5,', '1,0,0,0', 'NaN,0,1'])(
    'refuses %j',
    (text) => {
      expect(() => parseSplitRatio(text)).toThrow(expect.objectContaining({ code: 'SPLIT_RATIO', exitCode: 2 }));
    },
  );
});

it('parseSplit refuses unknown names', () => {
  expect(parseSplit('test')).toBe('test');
  expect(() => parseSplit('toString')).toThrow(expect.objectContaining({ code: 'SPLIT_NAME' }));
});

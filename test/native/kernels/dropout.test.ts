import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/native/loader.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';

/** Philox4x32-10 in BigInt, from the paper (Salmon et al. 2011), to hold the native one against. */
function philox(counter: number[], key: [number, number]): number[] {
  let c = counter.map(BigInt);
  let k = key.map(BigInt);
  for (let round = 0; round < 10; round++) {
    const [a, b] = [0xd2511f53n * c[0]!, 0xcd9e8d57n * c[2]!];
    c = [(b >> 32n) ^ c[1]! ^ k[0]!, b & 0xffffffffn, (a >> 32n) ^ c[3]! ^ k[1]!, a & 0xffffffffn];
    k = [(k[0]! + 0x9e3779b9n) & 0xffffffffn, (k[1]! + 0xbb67ae85n) & 0xffffffffn];
  }
  return c.map(Number);
}

function dropout(n: number, seed: number, stream: number, keep: number, x = new Float32Array(n).fill(1)) {
  const y = new Float32Array(n);
  loadAddon().runSync('dropout', [x], [y], [n, seed, stream], [keep]);
  return y;
}

describe('dropout', () => {
  it('has a generator that gives the published words', () => {
    // Known answers of the authors' Random123 library.
    expect(philox([0, 0, 0, 0], [0, 0])).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
    expect(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toEqual([
      0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1,
    ]);
  });

  it.each([0, 1, 3, 4, 17, 8192, 20011])('n = %i', (n) => {
    checkOp('dropout', { inputs: [randomNumbers(n, 1)], outputs: [n], dims: [n, 7, 3], scalars: [0.8] });
  });

  it('keeps the elements whose uniform number is below keep', () => {
    const [seed, stream, keep] = [2 ** 40 + 5, 2 ** 33 + 9, 0.6];
    const halves = (value: number): [number, number] => [value >>> 0, Math.floor(value / 2 ** 32)];
    const expected = Array.from({ length: 50 }, (_, i) => {
      const word = philox([...halves(i >> 2), ...halves(stream)], halves(seed))[i % 4]!;
      return (word >>> 8) / 2 ** 24 < keep ? Math.fround(1 / Math.fround(keep)) : 0;
    });
    expect([...dropout(50, seed, stream, keep)]).toEqual(expected);
  });

  it('gives the same mask again, another for another seed or stream', () => {
    const y = dropout(4000, 1, 2, 0.5);
    expect(dropout(4000, 1, 2, 0.5)).toEqual(y);
    for (const other of [dropout(4000, 2, 2, 0.5), dropout(4000, 1, 3, 0.5)]) {
      const agreeing = other.filter((value, i) => value === y[i]).length;
      expect(Math.abs(agreeing - 2000)).toBeLessThan(200); // more than six standard deviations
    }
  });

  it('keeps the mean', () => {
    const kept = dropout(100000, 11, 0, 0.9).filter((value) => value > 0).length;
    expect(Math.abs(kept - 90000)).toBeLessThan(600); // more than six standard deviations
    expect(dropout(100, 11, 0, 1)).toEqual(new Float32Array(100).fill(1));
  });

  it.each([0, -0.1, 1.1, Number.NaN])('refuses keep = %d', (keep) => {
    expect(() => dropout(3, 0, 0, keep)).toThrowError(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

import { describe, expect, it } from 'vitest';
import type { NativeAddon } from '../../../src/native/addon.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';
import { implementations } from '../../helpers/implementations.js';

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

/** Rows that stand one after the other in one response. */
const consecutive = (rows: number) =>
  Int32Array.from({ length: 3 * rows }, (_, i) => [2, 1, Math.floor(i / 3)][i % 3]!);

interface Mask {
  seed: number;
  stream: number;
  keep: number;
}

function dropoutOfOnes(addon: NativeAddon, places: Int32Array, width: number, { seed, stream, keep }: Mask) {
  const rows = places.length / 3;
  const y = new Float32Array(rows * width);
  addon.runSync('dropout', [y.map(() => 1), places], [y], [rows, width, seed, stream], [keep]);
  return y;
}

describe.each(implementations)('dropout %s', (_, addon) => {
  const dropout = (places: Int32Array, width: number, mask: Mask) => dropoutOfOnes(addon(), places, width, mask);

  it('has a generator that gives the published words', () => {
    // Known answers of the authors' Random123 library.
    expect(philox([0, 0, 0, 0], [0, 0])).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
    expect(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toEqual([
      0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1,
    ]);
  });

  it.each([
    [0, 5],
    [5, 0],
    [1, 1],
    [3, 4],
    [7, 17],
    [2, 20011],
    [8193, 3],
  ])('%i rows of %i', (rows, width) => {
    const inputs = [randomNumbers(rows * width, 1), consecutive(rows)];
    const call = { inputs, outputs: [rows * width], dims: [rows, width, 7, 3], scalars: [0.8] };
    checkOp('dropout', call, addon());
  });

  it('keeps the elements whose uniform number is below keep', () => {
    const [seed, stream, keep] = [2 ** 40 + 5, 2 ** 33 + 9, 0.6];
    const places = Int32Array.of(0, 3, 1, 2 ** 31 - 1, 0, 7, 4, -1, 5);
    const halves = (value: number): [number, number] => [value >>> 0, Math.floor(value / 2 ** 32)];
    const [first, second] = philox([...halves(stream), 0, 0], halves(seed));
    const expected = Array.from({ length: 3 * 50 }, (_, i) => {
      const [row, column] = [Math.floor(i / 50), i % 50];
      const place = [...places.subarray(3 * row, 3 * row + 3)].map((number) => number >>> 0);
      const word = philox([column >> 2, ...place], [first!, second!])[column % 4]!;
      return (word >>> 8) / 2 ** 24 < keep ? Math.fround(1 / Math.fround(keep)) : 0;
    });
    expect([...dropout(places, 50, { seed, stream, keep })]).toEqual(expected);
  });

  it('gives a row its mask wherever it stands, other rows, seeds and streams another', () => {
    const mask = { seed: 1, stream: 2, keep: 0.5 };
    const y = dropout(consecutive(10), 400, mask);
    expect(dropout(consecutive(10).subarray(12), 400, mask)).toEqual(y.subarray(1600));
    const others = [
      dropout(consecutive(10), 400, { ...mask, seed: 2 }),
      dropout(consecutive(10), 400, { ...mask, stream: 3 }),
      dropout(consecutive(11).subarray(3), 400, mask),
      dropout(
        consecutive(10).map((number, i) => number + (i % 3 === 0 ? 1 : 0)),
        400,
        mask,
      ),
      dropout(
        consecutive(10).map((number, i) => number + (i % 3 === 1 ? 1 : 0)),
        400,
        mask,
      ),
    ];
    for (const other of others) {
      const agreeing = other.filter((value, i) => value === y[i]).length;
      expect(Math.abs(agreeing - 2000)).toBeLessThan(200); // more than six standard deviations
    }
  });

  it('keeps the mean', () => {
    const kept = dropout(consecutive(100), 1000, { seed: 11, stream: 0, keep: 0.9 }).filter((value) => value > 0);
    expect(Math.abs(kept.length - 90000)).toBeLessThan(600); // more than six standard deviations
    expect(dropout(consecutive(2), 50, { seed: 11, stream: 0, keep: 1 })).toEqual(new Float32Array(100).fill(1));
  });

  it.each([0, -0.1, 1.1, Number.NaN])('refuses keep = %d', (keep) => {
    expect(() => dropout(consecutive(1), 3, { seed: 0, stream: 0, keep })).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

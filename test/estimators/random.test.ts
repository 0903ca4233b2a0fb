import { describe, expect, it } from 'vitest';
import { philox4x32, Random } from '../../src/estimators/random.js';
import { sum } from '../../src/estimators/sum.js';

describe('Philox4x32-10', () => {
  // Known-answer vectors published with the Random123 library.
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('counter %j, key %j', (counter, key, expected) => {
    const output = new Uint32Array(4);
    philox4x32(Uint32Array.from(counter), Uint32Array.from(key), output);
    expect([...output]).toEqual(expected);
  });
});

describe('Random', () => {
  it('is a function of seed and stream', () => {
    const draw = (seed: number, stream: number) => {
      const random = new Random(seed, stream);
      return Array.from({ length: 9 }, () => random.uint32());
    };
    expect(draw(7, 3)).toEqual(draw(7, 3));
    expect(draw(7, 3)).not.toEqual(draw(7, 4));
    expect(draw(7, 3)).not.toEqual(draw(8, 3));
    expect(draw(2 ** 40, 0)).not.toEqual(draw(0, 0));
  });

  it('has the moments of its distributions', () => {
    const random = new Random(1);
    const n = 200_000;
    const uniform = Array.from({ length: n }, () => random.uniform());
    const normal = Array.from({ length: n }, () => random.normal());
    // Five standard errors each.
    expect(Math.abs(sum(uniform) / n - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / n));
    expect(Math.abs(sum(normal) / n)).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(sum(normal.map((z) => z * z)) / n - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(Math.min(...uniform.slice(0, 1000))).toBeGreaterThanOrEqual(0);
  });

  it.each([0, 0.2, 3.7, 30])('draws Poisson numbers of mean %d', (mean) => {
    const random = new Random(5);
    const n = 20_000;
    const counts = Array.from({ length: n }, () => random.poisson(mean));
    const average = sum(counts) / n;
    const variance = sum(counts.map((count) => (count - average) ** 2)) / (n - 1);
    const none = counts.filter((count) => count === 0).length / n;
    // Five standard errors each; the fourth central moment of Poisson is mean (1 + 3 mean).
    expect(Math.abs(average - mean)).toBeLessThanOrEqual(5 * Math.sqrt(mean / n));
    expect(Math.abs(variance - mean)).toBeLessThanOrEqual(5 * Math.sqrt((mean * (1 + 2 * mean)) / n));
    expect(Math.abs(none - Math.exp(-mean))).toBeLessThanOrEqual(5 * Math.sqrt(Math.exp(-mean) / n));
  });

  it('draws integers and categories in proportion', () => {
    const random = new Random(2);
    const counts = new Float64Array(7);
    const n = 70_000;
    for (let i = 0; i < n; i++) counts[random.integer(7)]!++;
    const chiSquare = counts.reduce((total, count) => total + (count - n / 7) ** 2 / (n / 7), 0);
    expect(chiSquare).toBeLessThan(30); // 6 degrees of freedom, p about 4e-5
    expect(random.integer(1)).toBe(0);
    const picks = new Float64Array(3);
    for (let i = 0; i < n; i++) picks[random.categorical([0.2, 0, 0.8])]!++;
    expect(picks[1]).toBe(0);
    expect(Math.abs(picks[0]! / n - 0.2)).toBeLessThan(5 * Math.sqrt(0.16 / n));
  });
});

describe('compensated sum', () => {
  it('keeps what plain addition loses', () => {
    expect(sum([1, 1e100, 1, -1e100])).toBe(2);
    expect(sum([])).toBe(0);
    expect(sum(Array.from({ length: 1e5 }, () => 0.1))).toBe(1e4);
  });
});

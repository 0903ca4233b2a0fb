import { describe, expect, it } from 'vitest';
import { ExactSum, exactSum } from '../../src/estimators/exact-sum.js';
import fc from '../helpers/properties.js';

/** The exact value as an integer number of 2^-1074. */
function asInteger(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  const significand = (bits & 0xfffffffffffffn) | (exponent === 0n ? 0n : 1n << 52n);
  const size = significand << (exponent === 0n ? 0n : exponent - 1n);
  return bits >> 63n ? -size : size;
}

/** The double nearest to an integer number of 2^-1074, ties to even. */
function nearest(integer: bigint): number {
  const size = integer < 0n ? -integer : integer;
  const excess = Math.max(0, size.toString(2).length - 53);
  let significand = size >> BigInt(excess);
  const rest = size - (significand << BigInt(excess));
  const half = excess === 0 ? 1n : 1n << BigInt(excess - 1);
  if (rest > half || (rest === half && significand % 2n === 1n)) significand += 1n;
  // No power of two beyond the largest double.
  let value = Number(significand) * 2 ** -1074;
  for (let left = excess; left > 0; left -= 1000) value *= 2 ** Math.min(left, 1000);
  return integer < 0n ? -value : value;
}

const term = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ noNaN: true, min: -1, max: 1 }),
  fc.constantFrom(1, -1, 2 ** 53, 2 ** -53, -(2 ** -53), 2 ** -54, 1e16, -1e16, Number.MIN_VALUE, 0),
);

describe('exact sums', () => {
  it('are the exact sum, rounded once', () => {
    fc.assert(
      fc.property(fc.array(term, { maxLength: 200 }), (terms) => {
        const wanted = nearest(terms.reduce((sum, value) => sum + asInteger(value), 0n));
        expect(exactSum(terms) + 0).toBe(wanted + 0);
      }),
      { numRuns: 300 },
    );
  });

  it('have the same bits for any order and any split that is merged, saved or not', () => {
    fc.assert(
      fc.property(fc.array(term, { maxLength: 300 }), fc.infiniteStream(fc.nat(3)), fc.nat(), (terms, parts, seed) => {
        const shuffled = terms
          .map((value, i) => ({ value, key: Math.sin(seed + 7 * i) }))
          .sort((a, b) => a.key - b.key);
        const sums = [new ExactSum(), new ExactSum(), new ExactSum(), new ExactSum()];
        for (const { value } of shuffled) sums[parts.next().value!]!.add(value);
        const total = new ExactSum();
        for (const sum of sums) total.merge(ExactSum.from(JSON.parse(JSON.stringify(sum)) as number[]));
        expect(total.value + 0).toBe(exactSum(terms) + 0);
      }),
      { numRuns: 200 },
    );
  });

  it('may be too large for a double on the way, and cancel to the last bit', () => {
    const most = Number.MAX_VALUE;
    const cancelling = [most, most, 2 ** -1074, most, -most, -most, -most];
    expect(exactSum(cancelling)).toBe(2 ** -1074);
    expect(exactSum([2 ** 1023, -1, 2 ** 1023, -(2 ** 970)])).toBe(most);
    expect(exactSum([2 ** 1023, 2 ** 1023, -(2 ** 970)])).toBe(Infinity);
    const many = Array.from({ length: 1000 }, (_, i) => cancelling[i % 7]! * (i % 7 === 2 ? 1 : 0.5));
    expect(exactSum(many)).toBe(nearest(many.reduce((sum, value) => sum + asInteger(value), 0n)));
    const half = new ExactSum();
    for (const value of [most, most, most, 1]) half.add(value);
    expect(half.value).toBe(Infinity);
    const whole = ExactSum.from(JSON.parse(JSON.stringify(half)) as number[]);
    for (let i = 0; i < 3; i++) whole.add(-most);
    expect(whole.value).toBe(1);
  });

  it.each([1, 100, 5000])('of %i zeros are 0, whatever their signs', (n) => {
    expect(exactSum(new Float64Array(n).fill(-0))).toBe(0);
    expect(exactSum(Array(n).fill(-0))).toBe(0);
  });

  it('can be read in between', () => {
    const sum = new ExactSum();
    for (let i = 1; i <= 500; i++) {
      sum.add(0.1);
      if (i % 50 === 0) expect(sum.value).toBe(nearest(BigInt(i) * asInteger(0.1)));
    }
  });

  it('of nothing are 0, of what is not finite not finite, and beyond a double infinite', () => {
    expect(new ExactSum().value).toBe(0);
    expect(exactSum([1, Number.NaN, 2])).toBeNaN();
    expect(exactSum([Infinity, 1])).toBe(Infinity);
    expect(exactSum(Array(300).fill(1e307))).toBe(Infinity);
  });
});

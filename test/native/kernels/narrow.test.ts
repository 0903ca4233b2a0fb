/** Rounding to 16 bits: every number of a format, what lies between two, and what lies beyond all. */
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/native/loader.js';
import { checkOp } from '../../helpers/check-op.js';

const formats = [
  { name: 'f16', dtype: 1, finite: 0x7c00, fractionBits: 10, bias: 15 },
  { name: 'bf16', dtype: 2, finite: 0x7f80, fractionBits: 7, bias: 127 },
];

/** The number that a positive pattern stands for. */
function decode(pattern: number, { fractionBits, bias }: (typeof formats)[number]): number {
  const exponent = pattern >> fractionBits;
  const fraction = (pattern % 2 ** fractionBits) / 2 ** fractionBits;
  return exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias);
}

function narrow(values: Float32Array, { dtype }: (typeof formats)[number]): Uint16Array {
  const { outputs } = checkOp('narrow', {
    inputs: [[...values]],
    outputs: [[Uint16Array, values.length]],
    dims: [values.length, dtype],
    tolerance: { atol: 0, rtol: 0 },
  });
  return outputs[0] as Uint16Array;
}

describe.each(formats)('$name', (format) => {
  const patterns = Uint16Array.from({ length: format.finite }, (_, i) => i);

  it('keeps every number of the format', () => {
    const values = Float32Array.from(patterns, (pattern) => decode(pattern, format));
    expect(narrow(values, format)).toEqual(patterns);
    expect(narrow(values.map((value) => -value).subarray(1), format)).toEqual(
      patterns.map((pattern) => pattern | 0x8000).subarray(1),
    );
  });

  it('takes the even neighbour of a middle, the nearer one on either side of it', () => {
    const middles = Float32Array.from(
      patterns.subarray(1),
      (pattern) => decode(pattern, format) * 0.5 + decode(pattern - 1, format) * 0.5,
    );
    expect(narrow(middles, format)).toEqual(patterns.subarray(1).map((pattern) => pattern - (pattern % 2)));
    const bits = new Int32Array(middles.buffer);
    expect(narrow(new Float32Array(bits.map((word) => word - 1).buffer), format)).toEqual(patterns.subarray(0, -1));
    expect(narrow(new Float32Array(bits.map((word) => word + 1).buffer), format)).toEqual(patterns.subarray(1));
  });

  it('goes to infinity from half a step above the largest number', () => {
    const largest = decode(format.finite - 1, format);
    const step = largest - decode(format.finite - 2, format);
    const values = [largest + step * 0.49, largest + step * 0.5, Number.POSITIVE_INFINITY];
    expect([...narrow(Float32Array.of(...values, ...values.map((value) => -value)), format)]).toEqual(
      [0, 0x8000].flatMap((sign) => [format.finite - 1, format.finite, format.finite].map((bits) => bits | sign)),
    );
  });

  it('keeps NaN NaN, whatever its bits, and its sign', () => {
    const words = Uint32Array.of(0x7fc00000, 0x7f800001, 0x7fffffff, 0x7f80ffff, 0x7fa00000);
    const nans = new Float32Array(Uint32Array.of(...words, ...words.map((word) => word + 2 ** 31)).buffer);
    const bits = new Uint16Array(nans.length);
    loadAddon().runSync('narrow', [nans], [bits], [nans.length, format.dtype], []);
    for (const [i, pattern] of bits.entries()) {
      expect(pattern & 0x7fff).toBeGreaterThan(format.finite);
      expect(pattern >> 15).toBe(i < words.length ? 0 : 1);
    }
  });
});

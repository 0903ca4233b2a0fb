/** Rounding to 16 bits, seen through a gradient: with all other tokens masked, dJ/dz of a masked target is g itself. */
import { describe, expect, it } from 'vitest';
import type { NativeAddon } from '../../../src/native/addon.js';
import { loadAddon } from '../../../src/native/loader.js';
import { checkOp } from '../../helpers/check-op.js';

const formats = [
  { name: 'f16', dtype: 1, negativeInfinity: 0xfc00, finite: 0x7c00, fractionBits: 10, bias: 15 },
  { name: 'bf16', dtype: 2, negativeInfinity: 0xff80, finite: 0x7f80, fractionBits: 7, bias: 127 },
];

/** The number that a positive pattern stands for. */
function decode(pattern: number, { fractionBits, bias }: (typeof formats)[number]): number {
  const exponent = pattern >> fractionBits;
  const fraction = (pattern % 2 ** fractionBits) / 2 ** fractionBits;
  return exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias);
}

/** By `product`, or by the CPU and under the shim, where a row takes a thousand times as long. */
function narrow(
  values: Float32Array,
  { dtype, negativeInfinity }: (typeof formats)[number],
  product?: NativeAddon,
): Uint16Array {
  const rows = values.length;
  const logits = Uint16Array.from({ length: 2 * rows }, (_, i) => (i % 2 === 0 ? 0 : negativeInfinity));
  const call = {
    inputs: [logits, new Int32Array(rows).fill(1), values, null],
    outputs: [[Uint16Array, 2 * rows] as [Uint16ArrayConstructor, number]],
    dims: [rows, 2, dtype],
    tolerance: { atol: 0, rtol: 0 },
  };
  const { outputs } = checkOp('token_logprobs_grad', call, product);
  return (outputs[0] as Uint16Array).filter((_, i) => i % 2 === 1);
}

describe.each(formats)('$name', (format) => {
  const patterns = Uint16Array.from({ length: format.finite }, (_, i) => i);

  it('keeps every number of the format', () => {
    const values = Float32Array.from(patterns, (pattern) => decode(pattern, format));
    expect(narrow(values, format, loadAddon())).toEqual(patterns);
    expect(narrow(values.map((value) => -value).subarray(1), format, loadAddon())).toEqual(
      patterns.map((pattern) => pattern | 0x8000).subarray(1),
    );
  });

  it('takes the even neighbour of a middle, the nearer one on either side of it', () => {
    const middles = Float32Array.from(
      patterns.subarray(1),
      (pattern) => decode(pattern, format) * 0.5 + decode(pattern - 1, format) * 0.5,
    );
    expect(narrow(middles, format, loadAddon())).toEqual(
      patterns.subarray(1).map((pattern) => pattern - (pattern % 2)),
    );
    const bits = new Int32Array(middles.buffer);
    expect(narrow(new Float32Array(bits.map((word) => word - 1).buffer), format, loadAddon())).toEqual(
      patterns.subarray(0, -1),
    );
    expect(narrow(new Float32Array(bits.map((word) => word + 1).buffer), format, loadAddon())).toEqual(
      patterns.subarray(1),
    );
  });

  it('is the same in a kernel for GPUs', () => {
    const some = patterns.filter((pattern) => pattern % 499 === 3);
    const middles = Float32Array.from(
      some,
      (pattern) => decode(pattern, format) * 0.5 + decode(pattern - 1, format) * 0.5,
    );
    expect(narrow(middles, format)).toEqual(some.map((pattern) => pattern - (pattern % 2)));
  });

  it('goes to infinity from half a step above the largest number, and makes no number of infinity and NaN', () => {
    const largest = decode(format.finite - 1, format);
    const step = largest - decode(format.finite - 2, format);
    const values = Float32Array.of(largest + step * 0.49, largest + step * 0.5, Number.POSITIVE_INFINITY);
    const rows = values.length + 1;
    const logits = Uint16Array.from({ length: 2 * rows }, (_, i) => (i % 2 === 0 ? 0 : format.negativeInfinity));
    const output = new Uint16Array(2 * rows);
    const g = Float32Array.of(...values, Number.NaN);
    loadAddon().runSync(
      'token_logprobs_grad',
      [logits, new Int32Array(rows).fill(1), g, null],
      [output],
      [rows, 2, format.dtype],
      [],
    );
    const [below, half, infinite, nan] = output.filter((_, i) => i % 2 === 1) as unknown as [
      number,
      number,
      number,
      number,
    ];
    expect([below, half]).toEqual([format.finite - 1, format.finite]);
    for (const pattern of [infinite, nan]) expect(pattern & 0x7fff).toBeGreaterThanOrEqual(format.finite);
    expect(nan & 0x7fff).toBeGreaterThan(format.finite);
  });
});

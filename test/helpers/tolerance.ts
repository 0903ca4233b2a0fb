/** A value passes when |value - expected| <= atol + rtol * |expected|. */
export interface Tolerance {
  atol: number;
  rtol: number;
}

/**
 * The one tolerance table: what a result computed and stored in a dtype may differ from the double reference. Strict by
 * default; a test that needs more passes its own Tolerance and says why.
 */
export const tolerances = {
  f32: { atol: 1e-5, rtol: 1e-5 },
  f16: { atol: 1e-3, rtol: 2 ** -10 },
  bf16: { atol: 1e-2, rtol: 2 ** -7 },
  f64: { atol: 1e-12, rtol: 1e-12 },
} as const satisfies Record<string, Tolerance>;

export interface Comparison {
  /** Largest |value - expected| / (atol + rtol |expected|): above 1 fails. NaN against a number counts as infinite. */
  share: number;
  /** Where that is. */
  index: number;
}

/** Compares element by element; equal infinities and NaN against NaN agree exactly. */
export function compare(values: ArrayLike<number>, expected: ArrayLike<number>, tolerance: Tolerance): Comparison {
  if (values.length !== expected.length) throw new Error(`got ${values.length} values, expected ${expected.length}`);
  const worst: Comparison = { share: 0, index: -1 };
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const reference = expected[i]!;
    if (Object.is(value, reference) || value === reference) continue;
    const difference = Math.abs(value - reference) / (tolerance.atol + tolerance.rtol * Math.abs(reference));
    const share = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    if (share > worst.share || worst.index < 0) Object.assign(worst, { share, index: i });
  }
  return worst;
}

/** Fails with the place, both values and the share of the tolerance used. Returns the share that passed. */
export function expectClose(
  values: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: Tolerance,
  what = 'values',
): number {
  const { share, index } = compare(values, expected, tolerance);
  if (share > 1) {
    throw new Error(
      `${what}: element ${index} is ${values[index]}, expected ${expected[index]}: ` +
        `${(share * 100).toPrecision(4)} % of the tolerance (atol ${tolerance.atol}, rtol ${tolerance.rtol})`,
    );
  }
  return share;
}

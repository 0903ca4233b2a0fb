/** @file Numbers for people. */

/** Four significant digits, thousands separated, exponents only far from one. */
export function readable(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e9)) return value.toExponential(3);
  if (Number.isInteger(value) || size >= 1e3) return Math.round(value).toLocaleString('en-US');
  const decimals = Math.max(0, Math.min(6, 4 - Math.floor(Math.log10(size)) - 1));
  return value.toFixed(decimals);
}

/** A fraction of one as a percentage. */
export function percent(fraction: number): string {
  const value = fraction * 100;
  return `${value >= 10 || value === 0 ? value.toFixed(0) : value.toPrecision(2)} %`;
}

/**
 * Gradient of `f` at `x` by central differences of fourth order:
 * (f(-2h) - 8 f(-h) + 8 f(h) - f(2h)) / 12 h, whose error is h^4 f'''''/30 plus rounding of about 1e-16 |f| / h.
 */
export function finiteDifferences(f: (x: Float64Array) => number, x: Float64Array, h = 1e-3): Float64Array {
  return x.map((centre, i) => {
    const at = (offset: number) => f(x.with(i, centre + offset));
    return (at(-2 * h) - 8 * at(-h) + 8 * at(h) - at(2 * h)) / (12 * h);
  });
}

/**
 * A root of a continuous function between two points where its signs differ, to the last digits of a double: Chandrupatla's
 * method (Advances in Engineering Software, 1997), which interpolates where that helps and bisects where it does not.
 */
export function rootBetween(f: (x: number) => number, from: number, to: number): number {
  let [a, b] = [from, to];
  let [fa, fb] = [f(a), f(b)];
  if (fa === 0) return a;
  if (fb === 0) return b;
  let t = 0.5;
  for (let iteration = 0; iteration < 200; iteration++) {
    const x = a + t * (b - a);
    const fx = f(x);
    // The new point takes the place of the one with its sign; c is the point before it.
    let [c, fc] = [a, fa];
    if (Math.sign(fx) !== Math.sign(fa)) {
      [c, fc] = [b, fb];
      [b, fb] = [a, fa];
    }
    [a, fa] = [x, fx];
    const best = Math.abs(fa) < Math.abs(fb) ? a : b;
    const nearest = (2 * Number.EPSILON * Math.abs(best) + Number.MIN_VALUE) / Math.abs(b - a);
    if (nearest > 0.5 || fa === 0) return best;
    const xi = (a - b) / (c - b);
    const phi = (fa - fb) / (fc - fb);
    const interpolates = phi ** 2 < xi && (1 - phi) ** 2 < 1 - xi;
    t = interpolates
      ? (fa / (fb - fa)) * (fc / (fb - fc)) + (((c - a) / (b - a)) * (fa / (fc - fa)) * fb) / (fc - fb)
      : 0.5;
    t = Math.min(Math.max(t, nearest), 1 - nearest);
  }
  return Math.abs(fa) < Math.abs(fb) ? a : b;
}

type Pair = readonly [number, number];

export interface Evaluation {
  value: number;
  gradient: Pair;
  /** Second derivatives (xx, xy, yy). */
  curvature: readonly [number, number, number];
}

/**
 * The largest value of a concave function of two variables that may not be negative, from a start where it is finite: Newton steps in
 * the variables that are not held at 0, shortened until they climb.
 */
export function maximise(f: (x: Pair) => Evaluation, start: Pair): number {
  let x = start;
  let at = f(x);
  for (let iteration = 0; iteration < 100; iteration++) {
    const step = newtonStep(x, at);
    const climb = step[0] * at.gradient[0] + step[1] * at.gradient[1];
    if (!(climb > 1e-13 * (1 + Math.abs(at.value)))) break;
    let length = Math.min(1, ...x.map((value, j) => (step[j]! < 0 ? -value / step[j]! : 1)));
    const moved = (): Pair => [Math.max(0, x[0] + length * step[0]), Math.max(0, x[1] + length * step[1])];
    let next = f(moved());
    while (!(next.value >= at.value + 1e-4 * length * climb) && length > 1e-12) {
      length /= 2;
      next = f(moved());
    }
    if (!(next.value > at.value)) break;
    x = moved();
    at = next;
  }
  return at.value;
}

/** -H^-1 g over the free variables; along the gradient where that does not climb. */
function newtonStep(x: Pair, { gradient: [gx, gy], curvature: [xx, xy, yy] }: Evaluation): Pair {
  const freeX = x[0] > 0 || gx > 0;
  const freeY = x[1] > 0 || gy > 0;
  const alone = (g: number, h: number) => (h < 0 ? -g / h : g);
  if (!freeX || !freeY) return [freeX ? alone(gx, xx) : 0, freeY ? alone(gy, yy) : 0];
  const determinant = xx * yy - xy * xy;
  const step: Pair = [(xy * gy - yy * gx) / determinant, (xy * gx - xx * gy) / determinant];
  const blocked = (x[0] === 0 && step[0] < 0) || (x[1] === 0 && step[1] < 0);
  const climbs = determinant > 0 && step[0] * gx + step[1] * gy > 0;
  return climbs && !blocked ? step : [alone(gx, xx), alone(gy, yy)];
}

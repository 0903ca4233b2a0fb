/** @file The incomplete gamma function and the second derivative of log-gamma (Abramowitz & Stegun 6.4, 6.5). */
import { logGamma } from './special-functions.js';

const EPSILON = Number.EPSILON / 4;

/** log of the integral from 0 to x of t^(a-1) e^-t dt, a, x > 0; O(sqrt(a)) terms around x = a. */
export function logLowerGamma(a: number, x: number): number {
  const logFront = a * Math.log(x) - x;
  if (x < a + 1) {
    // x^a e^-x sum_k x^k / (a (a + 1) ... (a + k))
    let term = 1 / a;
    let total = term;
    for (let k = 1; term > total * EPSILON; k++) {
      term *= x / (a + k);
      total += term;
    }
    return logFront + Math.log(total);
  }
  const logAll = logGamma(a);
  return logAll + Math.log1p(-Math.exp(logFront - logAll) * upperFraction(a, x));
}

/** The upper integral over x^a e^-x: 1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - 2 (2 - a) / ...)), by modified Lentz. */
function upperFraction(a: number, x: number): number {
  const terms = 200 + 20 * Math.ceil(Math.sqrt(a));
  let b = x + 1 - a;
  let c = Infinity;
  let d = 1 / b;
  let value = d;
  for (let k = 1; k <= terms; k++) {
    const numerator = -k * (k - a);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    value *= c * d;
    if (Math.abs(c * d - 1) < EPSILON) break;
  }
  return value;
}

/** Bernoulli numbers B_2, B_4, ... of the series 1/x + 1/(2 x^2) + sum_k B_2k / x^(2k + 1). */
const BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6];

/** sum over k >= 0 of 1 / (x + k)^2, x > 0. */
export function trigamma(x: number): number {
  let total = 0;
  let z = x;
  for (; z < 12; z++) total += 1 / (z * z);
  const inverseSquare = 1 / (z * z);
  const series = BERNOULLI.reduceRight((tail, coefficient) => (coefficient + tail) * inverseSquare, 0);
  return total + (1 + 0.5 / z + series) / z;
}

/**
 * @file The few special functions that intervals need, from their series and continued fractions rather than from fitted
 * tables, so that every constant can be checked by hand. Relative error below 1e-12.
 *
 * Sources: Abramowitz & Stegun 6.1.40 (Stirling), 7.1.6 and 7.1.14 (erf), 26.7 (Student t); DiDonato & Morris, ACM TOMS 708, 1992
 * (incomplete beta).
 */
import { rootBetween } from './root.js';

const LOG_SQRT_2_PI = 0.5 * Math.log(2 * Math.PI);
const EPSILON = Number.EPSILON / 4;

/** Coefficients B_2n / (2n (2n - 1)) of the Stirling series in 1/z, 1/z^3, 1/z^5, ... */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400];
/** The series above is exact to double precision from here on. */
const STIRLING_FROM = 10;

/** log Gamma(z) - [(z - 1/2) log z - z + log sqrt(2 pi)], z >= 10. */
function stirlingCorrection(z: number): number {
  const inverseSquare = 1 / (z * z);
  return STIRLING.reduceRight((tail, coefficient) => coefficient + tail * inverseSquare, 0) / z;
}

/** log Gamma(x), x > 0. */
export function logGamma(x: number): number {
  let product = 1;
  let z = x;
  while (z < STIRLING_FROM) product *= z++;
  return (z - 0.5) * Math.log(z) - z + LOG_SQRT_2_PI + stirlingCorrection(z) - Math.log(product);
}

/** log B(a, b), a, b > 0, without the cancellation of three large log-gammas. */
export function logBeta(a: number, b: number): number {
  const small = Math.min(a, b);
  const large = Math.max(a, b);
  if (large < STIRLING_FROM) return logGamma(a) + logGamma(b) - logGamma(a + b);
  const sum = small + large;
  const logRatio =
    -(large - 0.5) * Math.log1p(small / large) -
    small * Math.log(sum) +
    small +
    (stirlingCorrection(large) - stirlingCorrection(sum));
  return logGamma(small) + logRatio;
}

/**
 * The regularised incomplete beta function I_x(a, b). `complement` = 1 - x may be given where it is known more exactly
 * than the subtraction would be.
 */
export function incompleteBeta(a: number, b: number, x: number, complement = 1 - x): number {
  if (x <= 0) return 0;
  if (complement <= 0) return 1;
  if (x > a / (a + b)) return 1 - incompleteBeta(b, a, complement, x);
  const logX = x > 0.5 ? Math.log1p(-complement) : Math.log(x);
  const logComplement = complement > 0.5 ? Math.log1p(-x) : Math.log(complement);
  const front = Math.exp(a * logX + b * logComplement - logBeta(a, b));
  return front / betaContinuedFraction(a, b, x, complement);
}

/**
 * beta_0 + alpha_1 / (beta_1 + alpha_2 / (beta_2 + ...)) with the alpha and beta of DiDonato & Morris, by the modified
 * Lentz method; O(sqrt(max(a, b))) terms. Unlike the classical fraction it does not subtract almost equal numbers where
 * x is near 1.
 */
function betaContinuedFraction(a: number, b: number, x: number, y: number): number {
  const terms = 200 + 10 * Math.ceil(Math.sqrt(Math.max(a, b)));
  const beta = (n: number) =>
    n + (n * (b - n) * x) / (a + 2 * n - 1) + ((a + n) * (a * y - b * x + 1 + n * (1 + y))) / (a + 2 * n + 1);
  let value = (a * (a * y - b * x + 1)) / (a + 1);
  let c = value;
  let d = 0;
  for (let n = 1; n <= terms; n++) {
    const alpha = ((a + n - 1) * (a + b + n - 1) * n * (b - n) * x * x) / (a + 2 * n - 1) ** 2;
    d = 1 / (beta(n) + alpha * d);
    c = beta(n) + alpha / c;
    value *= c * d;
    if (Math.abs(c * d - 1) < EPSILON) break;
  }
  return value;
}

/** The x with I_x(a, b) = p, 0 <= p <= 1. */
export function betaQuantile(p: number, a: number, b: number): number {
  if (!(p > 0 && p < 1)) return p === 0 ? 0 : p === 1 ? 1 : Number.NaN;
  return rootBetween((x) => incompleteBeta(a, b, x) - p, 0, 1);
}

/** erfc(x) = 2/sqrt(pi) * integral from x to infinity of exp(-t^2) dt. */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (x < 2) return 1 - erfSeries(x);
  // 1 / (x + (1/2) / (x + (2/2) / (x + (3/2) / (x + ...)))), summed from the inside; 120 terms suffice from x = 2 on.
  let tail = x;
  for (let n = 120; n >= 1; n--) tail = x + n / 2 / tail;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * tail);
}

/** erf(x) = 2/sqrt(pi) e^{-x^2} sum_n 2^n x^{2n+1} / (2n+1)!!: all terms are positive. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > sum * EPSILON; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** P(Z <= z) of the standard normal distribution. */
export function normalCdf(z: number): number {
  return 0.5 * erfc(-z / Math.SQRT2);
}

/** The z with P(Z <= z) = p, 0 < p < 1. */
export function normalQuantile(p: number): number {
  const density = (z: number) => Math.exp(-0.5 * z * z - LOG_SQRT_2_PI);
  return symmetricQuantile(p, (z) => 0.5 * erfc(z / Math.SQRT2), density);
}

/** P(T <= t) of Student's t distribution with `df` > 0 degrees of freedom. */
export function studentTCdf(t: number, df: number): number {
  const tail = studentTUpperTail(Math.abs(t), df);
  return t > 0 ? 1 - tail : tail;
}

/** The t with P(T <= t) = p, 0 < p < 1, for `df` > 0 degrees of freedom. */
export function studentTQuantile(p: number, df: number): number {
  const logNorm = -logBeta(df / 2, 0.5) - 0.5 * Math.log(df);
  const density = (t: number) => Math.exp(logNorm - ((df + 1) / 2) * Math.log1p((t * t) / df));
  return symmetricQuantile(p, (t) => studentTUpperTail(t, df), density);
}

/** P(T > t), t >= 0. */
function studentTUpperTail(t: number, df: number): number {
  const square = t * t;
  return 0.5 * incompleteBeta(df / 2, 0.5, df / (df + square), square / (df + square));
}

/**
 * Inverts a distribution that is symmetric about 0, given its upper tail and density: Newton's method on log tail as a
 * function of log t, which is concave, from a start within a factor of two.
 */
function symmetricQuantile(p: number, upperTail: (t: number) => number, density: (t: number) => number): number {
  if (!(p > 0 && p < 1)) return p === 0 ? -Infinity : p === 1 ? Infinity : Number.NaN;
  if (p === 0.5) return 0;
  const q = Math.min(p, 1 - p);
  let t = 1;
  while (upperTail(t) < q) t /= 2;
  while (upperTail(2 * t) >= q) t *= 2;
  for (let iteration = 0; iteration < 60; iteration++) {
    const tail = upperTail(t);
    // log(tail / q) without losing digits where tail and q almost agree.
    const step = (Math.log1p((tail - q) / q) * tail) / (t * density(t));
    t *= Math.exp(step);
    if (Math.abs(step) < 2 * Number.EPSILON) break;
  }
  return p < 0.5 ? -t : t;
}

import { describe, expect, it } from 'vitest';
import { logLowerGamma, trigamma } from '../../src/estimators/incomplete-gamma.js';
import { rootBetween } from '../../src/estimators/root.js';
import {
  betaQuantile,
  erfc,
  incompleteBeta,
  logBeta,
  logGamma,
  normalCdf,
  normalQuantile,
  studentTCdf,
  studentTQuantile,
} from '../../src/estimators/special-functions.js';

function relative(actual: number, expected: number): number {
  return Math.abs(actual - expected) / Math.max(Math.abs(expected), 1e-300);
}

describe('log-gamma and log-beta', () => {
  it.each([
    [0.5, Math.log(Math.sqrt(Math.PI))],
    [3, Math.log(2)],
    [0.1, 2.252712651734206],
    [10.5, 13.940625219403763],
    [100, 359.1342053695754],
    [1e6, 12815504.569147611],
  ])('log Gamma(%d)', (x, expected) => {
    expect(relative(logGamma(x), expected)).toBeLessThan(1e-14);
  });

  it('is zero at 1 and 2', () => {
    expect(logGamma(1)).toBeCloseTo(0, 14);
    expect(logGamma(2)).toBeCloseTo(0, 14);
  });

  it('log B(a, 1) = -log a also where log-gammas would cancel', () => {
    for (const a of [0.3, 1, 7, 12.5, 1e3, 5e5, 1e9])
      expect(relative(logBeta(a, 1), -Math.log(a))).toBeLessThan(a === 1 ? Number.POSITIVE_INFINITY : 1e-13);
    expect(logBeta(2.5, 3.5)).toBeCloseTo(Math.log((3 * Math.PI) / 256), 13);
  });
});

describe('incomplete beta', () => {
  it('equals the binomial tail sum at integer parameters', () => {
    // I_x(a, b) = P(Binomial(a + b - 1, x) >= a).
    for (const [a, b, x] of [
      [3, 4, 0.2],
      [5, 2, 0.9],
      [1, 1, 0.37],
      [8, 13, 0.5],
    ] as const) {
      const n = a + b - 1;
      let tail = 0;
      let choose = 1;
      for (let k = 0; k <= n; k++) {
        if (k >= a) tail += choose * x ** k * (1 - x) ** (n - k);
        choose = (choose * (n - k)) / (k + 1);
      }
      expect(relative(incompleteBeta(a, b, x), tail)).toBeLessThan(1e-13);
    }
  });

  it('is 0 and 1 at the ends and symmetric', () => {
    expect(incompleteBeta(2, 3, 0)).toBe(0);
    expect(incompleteBeta(2, 3, 1)).toBe(1);
    expect(incompleteBeta(2.2, 0.7, 0.3)).toBeCloseTo(1 - incompleteBeta(0.7, 2.2, 0.7), 14);
  });
});

describe('normal distribution', () => {
  it.each([
    [0.5, 0.4795001221869535],
    [1, 0.15729920705028513],
    [1.9999, 0.0046798, 1e-5],
    [2, 0.004677734981047266],
    [5, 1.537459794428035e-12],
    [10, 2.088487583762545e-45],
    [-1, 1.8427007929497148],
  ])('erfc(%d)', (x, expected, tolerance = 2e-14) => {
    expect(relative(erfc(x), expected)).toBeLessThan(tolerance);
  });

  it.each([
    [0.975, 1.9599639845400543],
    [0.95, 1.6448536269514722],
    [0.99, 2.326347874040841],
    [0.5000001, 2.506628274630739e-7, 1e-8],
    [1e-10, -6.361340902404057],
  ])('quantile at %d', (p, expected, tolerance = 1e-12) => {
    expect(relative(normalQuantile(p), expected)).toBeLessThan(tolerance);
  });

  it('quantile inverts cdf', () => {
    for (const z of [-8, -3.3, -1, -0.01, 0, 0.2, 1.7, 5])
      expect(normalQuantile(normalCdf(z))).toBeCloseTo(z, z > 4 ? 9 : 12);
  });
});

describe('Student t', () => {
  it.each([
    [0.975, 1, 12.706204736174705],
    [0.975, 2, 4.302652729749464],
    [0.975, 3, 3.1824463052842629],
    [0.975, 10, 2.2281388519862744],
    [0.95, 30, 1.6972608865939574],
    [0.025, 10, -2.2281388519862744],
    [0.9999, 1, Math.tan(Math.PI * 0.4999), 1e-11],
  ])('quantile(%d, %d)', (p, df, expected, tolerance = 1e-12) => {
    expect(relative(studentTQuantile(p, df), expected)).toBeLessThan(tolerance);
  });

  it('has closed forms for one and two degrees of freedom', () => {
    for (const t of [-40, -1.5, -0.2, 0, 0.7, 3, 900]) {
      expect(studentTCdf(t, 1)).toBeCloseTo(0.5 + Math.atan(t) / Math.PI, 14);
      expect(studentTCdf(t, 2)).toBeCloseTo(0.5 + t / (2 * Math.sqrt(2 + t * t)), 14);
    }
    for (const p of [1e-9, 0.01, 0.4, 0.6, 0.999]) {
      const expected = (2 * p - 1) / Math.sqrt(2 * p * (1 - p));
      expect(relative(studentTQuantile(p, 2), expected)).toBeLessThan(1e-12);
    }
  });

  it('equals the finite sum for even degrees of freedom', () => {
    // Abramowitz & Stegun 26.7.4: P(|T| <= t) = sin a (1 + 1/2 cos^2 a + (1 3)/(2 4) cos^4 a + ...), a = atan(t / sqrt df).
    for (const df of [4, 10, 120, 1000])
      for (const t of [0.3, 1, 2.2, 3.5]) {
        const cosine = 1 / Math.sqrt(1 + (t * t) / df);
        let term = 1;
        let total = 1;
        for (let j = 2; j <= df - 2; j += 2) {
          term *= ((j - 1) / j) * cosine * cosine;
          total += term;
        }
        const central = (t / Math.sqrt(df + t * t)) * total;
        // The subtraction from 1 costs the sum digits, not the function under test.
        expect(relative(studentTCdf(-t, df), (1 - central) / 2)).toBeLessThan(1e-10);
        expect(studentTCdf(-t, df)).toBeCloseTo((1 - central) / 2, 13);
      }
  });

  it('approaches the normal distribution like 1/df (Cornish-Fisher to second order)', () => {
    const z = normalQuantile(0.975);
    for (const df of [1e5, 1e6, 1e7]) {
      const expansion = z + (z ** 3 + z) / (4 * df) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * df * df);
      expect(relative(studentTQuantile(0.975, df), expansion)).toBeLessThan(1e-12);
    }
  });

  it('inverts itself', () => {
    for (const df of [0.5, 1, 4, 17, 250, 12345])
      for (const p of [0.001, 0.3, 0.5, 0.77, 0.9995])
        expect(studentTCdf(studentTQuantile(p, df), df)).toBeCloseTo(p, 13);
  });
});

describe('beta quantile', () => {
  it('inverts the distribution, into the tails', () => {
    for (const [a, b] of [
      [1, 3],
      [0.4, 7],
      [120, 3.5],
      [2000, 5000],
    ] as const) {
      for (const p of [1e-9, 0.025, 0.5, 0.975]) {
        expect(relative(incompleteBeta(a, b, betaQuantile(p, a, b)), p)).toBeLessThan(1e-10);
      }
    }
    expect(betaQuantile(0, 2, 3)).toBe(0);
    expect(betaQuantile(1, 2, 3)).toBe(1);
  });
});

describe('incomplete gamma and trigamma', () => {
  it('has the closed form of whole parameters on both sides of a', () => {
    // gamma(a, x) = (a - 1)! (1 - e^-x sum_{k<a} x^k / k!)
    for (const a of [1, 2, 5, 9]) {
      for (const x of [0.5, a, a + 2, 30]) {
        let term = 1;
        let total = 1;
        for (let k = 1; k < a; k++) {
          term *= x / k;
          total += term;
        }
        const share = Math.exp(logLowerGamma(a, x) - logGamma(a));
        expect(Math.abs(share - (1 - Math.exp(-x) * total))).toBeLessThan(1e-14);
      }
    }
  });

  it('follows the recurrence gamma(a + 1, x) = a gamma(a, x) - x^a e^-x where a is large', () => {
    for (const [a, x] of [
      [1e4, 1.01e4],
      [1e6, 1e6],
      [250.5, 240],
    ] as const) {
      const front = Math.exp(a * Math.log(x) - x - logGamma(a + 1));
      const left = Math.exp(logLowerGamma(a + 1, x) - logGamma(a + 1));
      const right = Math.exp(logLowerGamma(a, x) - logGamma(a)) - front;
      expect(relative(left, right)).toBeLessThan(1e-8);
    }
  });

  it('sums inverse squares', () => {
    expect(relative(trigamma(1), Math.PI ** 2 / 6)).toBeLessThan(1e-14);
    expect(relative(trigamma(0.5), Math.PI ** 2 / 2)).toBeLessThan(1e-14);
    expect(relative(trigamma(3.7) - trigamma(5.7), 3.7 ** -2 + 4.7 ** -2)).toBeLessThan(1e-13);
  });
});

describe('roots', () => {
  it.each<[string, (x: number) => number, number, number, number]>([
    ['smooth', (x) => x * x - 2, 0, 2, Math.SQRT2],
    ['flat', (x) => (x - 0.3) ** 5, 0, 1, 0.3],
    ['steep', (x) => Math.expm1(50 * (x - 0.9)), 0, 1, 0.9],
    ['a step', (x) => (x < 0.123 ? -1 : 1), 0, 1, 0.123],
    ['at an end', (x) => x, 0, 5, 0],
  ])('%s', (_, f, from, to, root) => {
    expect(Math.abs(rootBetween(f, from, to) - root)).toBeLessThan(1e-3 * Number(root === 0.3) + 4e-16);
  });
});

import { describe, expect, it } from 'vitest';
import { envelopeAt, type Point } from '../../../src/experiments/synthetic/envelope.js';
import fc from '../../helpers/properties.js';

describe('envelopeAt', () => {
  const points: Point[] = [
    { utility: 0.1, coverage: 0.7 },
    { utility: 0.3, coverage: 0.5 },
    { utility: 0.2, coverage: 0.4 },
  ];

  it('mixes two policies, by hand', () => {
    expect(envelopeAt(points, 0.3)).toBe(0.5);
    expect(envelopeAt(points, 0.2)).toBeCloseTo(0.6, 12);
    expect(envelopeAt(points, 0.25)).toBeCloseTo(0.55, 12);
    expect(envelopeAt(points, 0.05)).toBe(0.7);
    expect(envelopeAt(points, 0.31)).toBeNull();
    expect(envelopeAt([], 0)).toBeNull();
  });

  it('falls with utility, is concave, and only grows with more policies', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const point = fc.record({ utility: share, coverage: share });
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 8 }), point, share, share, (some, more, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map((utility) => envelopeAt(some, utility));
        const middle = envelopeAt(some, (a + b) / 2);
        if (high === null || high === undefined) return;
        expect(low!).toBeGreaterThanOrEqual(high - 1e-9);
        expect(middle!).toBeGreaterThanOrEqual((low! + high) / 2 - 1e-9);
        expect(envelopeAt([...some, more], b)!).toBeGreaterThanOrEqual(envelopeAt(some, b) ?? 0);
      }),
    );
  });
});

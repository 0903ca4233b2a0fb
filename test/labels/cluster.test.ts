import { describe, expect, test } from 'vitest';
import { averageLinkage, cosineDistances, cutTree, DistanceThreshold } from '../../src/labels/cluster.js';
import { adjustedRand, normalizedMutualInformation } from '../../src/metrics/index.js';
import fc from '../helpers/properties.js';

const vectors = (rows: number[][]) => rows.map((row) => Float32Array.from(row));

/** Mean distance between two sets of items: the definition of average linkage. */
const meanDistance = (values: Float64Array, n: number, a: number[], b: number[]) =>
  a.flatMap((i) => b.map((j) => values[i * n + j]!)).reduce((sum, d) => sum + d, 0) / (a.length * b.length);

const points = fc.array(
  fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: 0.1, max: 1, noNaN: true })),
  {
    minLength: 1,
    maxLength: 9,
  },
);

describe('clusters', () => {
  test('average linkage joins the two nearest clusters, by the definition', () => {
    fc.assert(
      fc.property(points, (rows) => {
        const distances = cosineDistances(vectors(rows));
        const { values, n } = distances;
        let clusters = rows.map((_, i) => [i]);
        for (const { left, right, height } of averageLinkage(distances)) {
          const all = clusters.flatMap((a, i) => clusters.slice(i + 1).map((b) => meanDistance(values, n, a, b)));
          expect(height).toBeCloseTo(Math.min(...all), 10);
          const [a, b] = [left, right].map((item) => clusters.find((cluster) => cluster.includes(item))!);
          expect(meanDistance(values, n, a!, b!)).toBeCloseTo(height, 10);
          clusters = [...clusters.filter((cluster) => cluster !== a && cluster !== b), [...a!, ...b!]];
        }
        expect(clusters).toHaveLength(1);
      }),
    );
  });

  test('a tree is cut into as many clusters as wanted, numbered as they appear', () => {
    const merges = averageLinkage(
      cosineDistances(
        vectors([
          [1, 0],
          [0, 1],
          [1, 0.1],
          [0.1, 1],
          [-1, 0],
        ]),
      ),
    );
    expect(cutTree(merges, 1)).toEqual([0, 0, 0, 0, 0]);
    expect(cutTree(merges, 3)).toEqual([0, 1, 0, 1, 2]);
    expect(cutTree(merges, 5)).toEqual([0, 1, 2, 3, 4]);
    expect(cutTree([], 1)).toEqual([0]);
  });

  test('a zero vector is far from everything, equal ones are not apart', () => {
    expect(
      [
        ...cosineDistances(
          vectors([
            [0, 0],
            [1, 1],
            [2, 2],
          ]),
        ).values,
      ].map((d) => Math.round(d * 1e6) / 1e6),
    ).toEqual([0, 1, 1, 1, 0, 0, 1, 0, 0]);
  });
});

describe('the common height', () => {
  const pairs = (distances: number[]) => {
    const threshold = new DistanceThreshold();
    for (const distance of distances) threshold.add({ values: Float64Array.of(0, distance, distance, 0), n: 2 });
    return threshold.value;
  };

  test('parts near pairs from far ones', () => {
    const value = pairs([0.1, 0.12, 0.15, 0.8, 0.9, 0.95, 1]);
    expect(value).toBeGreaterThanOrEqual(0.15);
    expect(value).toBeLessThan(0.8);
  });

  test.each([[[]], [[0.4]], [[0.4, 0.4, 0.4]]])('of %j parts nothing but equal vectors', (distances) => {
    expect(pairs(distances)).toBe(0.001);
  });

  test('is that of the largest variance between the groups', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1999 }), { minLength: 2, maxLength: 12 }), (bins) => {
        const value = pairs(bins.map((bin) => (bin + 0.5) / 1000));
        const variance = (cut: number) => {
          const [low, high] = [bins.filter((bin) => bin < cut), bins.filter((bin) => bin >= cut)];
          if (low.length === 0 || high.length === 0) return 0;
          const mean = (list: number[]) => list.reduce((sum, bin) => sum + bin, 0) / list.length;
          return low.length * high.length * (mean(low) - mean(high)) ** 2;
        };
        const best = Math.max(...bins.map(variance));
        if (best === 0) expect(value).toBe(0.001);
        else expect(variance(Math.round(value * 1000))).toBeCloseTo(best, 6);
      }),
    );
  });
});

describe('agreement', () => {
  // By hand: of 15 pairs 4 are together in the first, 4 in the second, 2 in both.
  const [a, b] = [
    [0, 0, 0, 1, 1, 2],
    ['x', 'x', 'y', 'z', 'z', 'z'],
  ] as const;

  test('adjusted Rand', () => {
    expect(adjustedRand(a, b)).toBeCloseTo((2 - 16 / 15) / (4 - 16 / 15), 12);
  });

  test('mutual information', () => {
    const h = (...shares: number[]) => shares.reduce((sum, share) => sum - share * Math.log(share), 0);
    const [ha, hb] = [h(3 / 6, 2 / 6, 1 / 6), h(2 / 6, 1 / 6, 3 / 6)];
    const joint = h(2 / 6, 1 / 6, 2 / 6, 1 / 6);
    expect(normalizedMutualInformation(a, b)).toBeCloseTo((2 * (ha + hb - joint)) / (ha + hb), 12);
  });

  test('does not depend on names or order, and is 1 for equal clusterings', () => {
    const labels = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })), { minLength: 1 });
    fc.assert(
      fc.property(labels, (items) => {
        const [left, right] = [items.map(([x]) => x), items.map(([, y]) => y)];
        for (const metric of [adjustedRand, normalizedMutualInformation]) {
          expect(metric(left, left)).toBeCloseTo(1, 12);
          expect(metric(left, right)).toBeCloseTo(metric(right, left), 12);
          expect(metric(left, right)).toBeLessThanOrEqual(1 + 1e-12);
          const renamed = left.map((label) => `name ${3 - label}`).toReversed();
          expect(metric(renamed, right.toReversed())).toBeCloseTo(metric(left, right), 12);
        }
      }),
    );
  });

  test.each([
    ['one item', [1], [2], 1, 1],
    ['all together in both', [1, 1], [2, 2], 1, 1],
    ['all apart in both', [1, 2], [3, 4], 1, 1],
    ['together in one, apart in the other', [1, 1, 1], [1, 2, 3], 0, 0],
  ])('%s', (_, left, right, rand, information) => {
    expect(adjustedRand(left, right)).toBe(rand);
    expect(normalizedMutualInformation(left, right)).toBe(information);
  });

  test('needs the same items', () => {
    expect(() => adjustedRand([1], [1, 2])).toThrow(expect.objectContaining({ code: 'METRIC_INPUT' }));
    expect(() => normalizedMutualInformation([], [])).toThrow(expect.objectContaining({ code: 'METRIC_INPUT' }));
  });
});

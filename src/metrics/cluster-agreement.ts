import { requireInput } from './checks.js';

type Labels = ArrayLike<string | number>;

/**
 * Adjusted Rand index of two clusterings of the same items: the share of pairs on which they agree, scaled so that clusterings of
 * these sizes drawn at random have 0 on average and equal ones 1. Where no other value is possible (both put all items
 * together, or all apart) it is 1.
 *
 * Source: Hubert and Arabie 1985, "Comparing partitions".
 * @throws UsageError METRIC_INPUT for no items, and for lists of different lengths
 */
export function adjustedRand(a: Labels, b: Labels): number {
  const { joint, left, right, n } = contingency(a, b);
  const pairs = (counts: Iterable<number>) => [...counts].reduce((sum, count) => sum + (count * (count - 1)) / 2, 0);
  const together = pairs(joint.values());
  const [ofA, ofB] = [pairs(left.values()), pairs(right.values())];
  const all = (n * (n - 1)) / 2;
  const expected = all === 0 ? 0 : (ofA * ofB) / all;
  const largest = (ofA + ofB) / 2;
  return largest === expected ? 1 : (together - expected) / (largest - expected);
}

/**
 * Mutual information of two clusterings divided by the mean of their entropies, in [0, 1]. Not adjusted for chance: many small
 * clusters raise it. Both a single cluster: 1; only one of them: 0.
 *
 * Source: Strehl and Ghosh 2002 (normalised by the arithmetic mean).
 * @throws UsageError METRIC_INPUT as `adjustedRand`
 */
export function normalizedMutualInformation(a: Labels, b: Labels): number {
  const { joint, left, right, n } = contingency(a, b);
  const entropy = (counts: Iterable<number>) =>
    [...counts].reduce((sum, count) => sum - (count / n) * Math.log(count / n), 0);
  const [ofA, ofB] = [entropy(left.values()), entropy(right.values())];
  if (ofA + ofB === 0) return 1;
  const information = ofA + ofB - entropy(joint.values());
  return Math.min(1, Math.max(0, (2 * information) / (ofA + ofB)));
}

/** How many items have each pair of labels, and each label of either side. */
function contingency(a: Labels, b: Labels) {
  requireInput(
    a.length > 0 && a.length === b.length,
    `Agreement: expected labels of the same items, got ${a.length} and ${b.length}.`,
  );
  const [joint, left, right] = [new Map<string, number>(), new Map<unknown, number>(), new Map<unknown, number>()];
  const count = <K>(map: Map<K, number>, key: K) => map.set(key, (map.get(key) ?? 0) + 1);
  const numberOf = new Map<unknown, number>();
  const code = (label: unknown) => numberOf.get(label) ?? numberOf.set(label, numberOf.size).get(label)!;
  for (let i = 0; i < a.length; i++) {
    count(left, a[i]);
    count(right, b[i]);
    count(joint, `${code(a[i])} ${code(b[i])}`);
  }
  return { joint, left, right, n: a.length };
}

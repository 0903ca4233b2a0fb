import { requireInput, requireOption, requirePositiveInteger } from './checks.js';
import { type Similarity, similarityRows } from './similarity.js';

/** When a reference counts as covered. */
export interface CoverageOptions {
  /** A reference is covered from this similarity on, in [0, 1]; default 0.8. */
  tau?: number | undefined;
  /** Only the first k responses count; default: all. */
  k?: number | undefined;
}

/**
 * Pluralistic Coverage, in [0, 1]: the share of references that one of the first k responses is at least tau similar to.
 * With `clusters` [m] (the opinion category of each reference) the share of categories with such a reference. A k
 * above n means all.
 *
 * Source: equation 22; for categories section 5.5 of the paper; docs/theory.md section 8.
 * @throws UsageError METRIC_INPUT, METRIC_OPTION
 */
export function pluralisticCoverage(
  similarity: Similarity,
  { clusters, ...options }: CoverageOptions & { clusters?: ArrayLike<string | number> | undefined } = {},
): number {
  const covered = coveredReferences(similarity, options);
  if (clusters === undefined) return shareOf(covered);
  requireLabels('clusters', clusters.length, similarity.m);
  const categories = new Map<string | number, boolean>();
  for (const [j, reached] of covered.entries()) {
    const category = clusters[j]!;
    categories.set(category, reached || categories.get(category) === true);
  }
  return shareOf([...categories.values()]);
}

/** Coverage of the references of one group. */
export interface GroupCoverage {
  group: string;
  /** References of this group. */
  references: number;
  /** The share of them that is covered, in [0, 1]. */
  coverage: number;
}

/**
 * Overton coverage by group: Pluralistic Coverage of what each group of people said or approved, so that nobody's window
 * hides in an average. `groups` [m] has the group of each reference, several, or none ([]). In order of first
 * appearance; a group without references does not appear.
 *
 * Source: Sorensen et al. 2024, "A roadmap to pluralistic alignment"; docs/theory.md section 8.
 * @throws UsageError METRIC_INPUT, METRIC_OPTION
 */
export function overtonCoverage(
  similarity: Similarity,
  groups: ArrayLike<string | readonly string[]>,
  options: CoverageOptions = {},
): GroupCoverage[] {
  const covered = coveredReferences(similarity, options);
  requireLabels('groups', groups.length, similarity.m);
  const coveredOf = new Map<string, boolean[]>();
  for (const [j, reached] of covered.entries()) {
    for (const group of new Set([groups[j]!].flat())) coveredOf.set(group, [...(coveredOf.get(group) ?? []), reached]);
  }
  return Array.from(coveredOf, ([group, reached]) => ({
    group,
    references: reached.length,
    coverage: shareOf(reached),
  }));
}

/** For each reference, whether max_{i <= k} sim(g_i, h_j) >= tau. */
function coveredReferences(similarity: Similarity, { tau = 0.8, k = similarity.n }: CoverageOptions): boolean[] {
  requireOption('tau', tau >= 0 && tau <= 1, tau, 'a similarity from 0 to 1');
  requirePositiveInteger('k', k);
  const first = similarityRows(similarity).slice(0, k);
  // Compared as the 32-bit numbers that similarities are: one of exactly tau counts.
  const threshold = Math.fround(tau);
  return Array.from({ length: similarity.m }, (_, j) => first.some((row) => row[j]! >= threshold));
}

function requireLabels(name: string, length: number, m: number): void {
  requireInput(length === m, `Coverage, ${name}: expected one entry per reference, ${m}, got ${length}.`);
}

function shareOf(covered: readonly boolean[]): number {
  return covered.filter(Boolean).length / covered.length;
}

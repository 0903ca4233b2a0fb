/** @file What is measured of a policy's answers to a query whose opinion groups are known. */

/** Of one query or means over queries; all are in [0, 1]. */
export interface OpinionMetrics {
  /** Share of the group whose opinion is expressed x quality; 0 for an invalid answer. */
  utility: number;
  /** Expected signal of a logged answer like these: the reward identity. */
  signal: number;
  /** Share of the opinion groups whose opinion 6 answers (50 answers) express validly at least once. */
  coverage6: number;
  coverage50: number;
  /** The same with every group counted by its share of the people. */
  weightedCoverage6: number;
  /** Between the opinions of the valid answers and the people's shares; 1 where nothing is valid. */
  totalVariation: number;
  invalidShare: number;
  /** Of the valid answers' opinions, over the logarithm of the number of groups; 1 for a single group. */
  groupEntropy: number;
}

/** A policy's exact answers to a query, or what was sampled of them. */
export interface Answers {
  /** Share of the people of each group. */
  shares: readonly number[];
  /** Share of the answers that express each group's opinion validly. */
  expressed: readonly number[];
  utility: number;
  signal: number;
  /** Probability that n answers all miss a group. */
  miss: (group: number, n: number) => number;
}

export function opinionMetrics({ shares, expressed, utility, signal, miss }: Answers): OpinionMetrics {
  const valid = sum(expressed);
  const among = expressed.map((share) => (valid === 0 ? 0 : share / valid));
  const coverage = (n: number) => sum(shares.map((_, group) => 1 - miss(group, n))) / shares.length;
  return {
    utility,
    signal,
    coverage6: coverage(6),
    coverage50: coverage(50),
    weightedCoverage6: sum(shares.map((share, group) => share * (1 - miss(group, 6)))),
    totalVariation: valid === 0 ? 1 : sum(shares.map((share, group) => Math.abs(share - among[group]!))) / 2,
    // The sum of shares may round above 1.
    invalidShare: Math.max(0, 1 - valid),
    groupEntropy: shares.length === 1 ? 1 : sum(among.map(entropyTerm)) / Math.log(shares.length),
  };
}

/** Probability that n independent answers miss what each has with probability p. */
export function missIndependently(p: number, n: number): number {
  return (1 - p) ** n;
}

/**
 * Probability that n of `total` answers, drawn without replacement, miss all `count` of a kind: the unbiased estimate of
 * (1 - p)^n from `total` >= n independent answers.
 */
export function missAmong(count: number, total: number, n: number): number {
  let probability = 1;
  for (let i = 0; i < n; i++) probability *= Math.max(0, total - count - i) / (total - i);
  return probability;
}

/** Distinct pairs of neighbouring words over all such pairs of the texts; 0 where there are none. */
export function distinctPairs(texts: readonly string[]): number {
  const pairs = texts.flatMap((text) => {
    const words = text.split(' ');
    return words.slice(1).map((word, i) => `${words[i]} ${word}`);
  });
  return pairs.length === 0 ? 0 : new Set(pairs).size / pairs.length;
}

function entropyTerm(p: number): number {
  return p === 0 ? 0 : -p * Math.log(p);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

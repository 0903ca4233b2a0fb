import { requireOption, requirePositiveInteger } from './checks.js';
import { ngramOrders, occurrences, type TokenOptions } from './ngrams.js';

/** Of BLEU (Papineni et al. 2002), as nltk has it. */
export interface BleuOptions extends TokenOptions {
  /** Longest n-gram; every order weighs 1 / maxN. Default 4. */
  maxN?: number | undefined;
  /** 'method1' (default): 0.1 matches where there are none; 'none': one order without a match makes the score 0. */
  smoothing?: 'method1' | 'none' | undefined;
}

/**
 * Sentence BLEU of a text against references, in [0, 1], as nltk computes it:
 *
 *     BLEU = min(1, exp(1 - r / c)) prod_n (matches_n / max(1, c - n + 1))^(1 / maxN)
 *
 * with c the tokens of the text, r the length of the reference nearest to c (the shorter of two), and matches_n the n-grams
 * of the text, each counted at most as often as in the one reference that has most of it. 0 without a common token,
 * hence for an empty text and without references.
 *
 * Source: Papineni et al. 2002; Chen and Cherry 2014 for method 1 (docs/theory.md section 8).
 * @throws UsageError METRIC_OPTION
 */
export function bleu(
  text: string,
  references: readonly string[],
  { maxN = 4, smoothing = 'method1', tokenize }: BleuOptions = {},
): number {
  requirePositiveInteger('maxN', maxN);
  requireOption('smoothing', smoothing === 'method1' || smoothing === 'none', smoothing, 'method1 or none');
  const lengths: number[] = [];
  const matches: number[] = [];
  for (const { ofText } of ngramOrders([text, ...references], maxN, { tokenize })) {
    if (lengths.length === 0) lengths.push(...ofText.map((tokens) => tokens.length));
    const [own, ...others] = ofText.map(occurrences);
    matches.push(clippedMatches(own!, (ngram) => Math.max(0, ...others.map((counts) => counts.get(ngram) ?? 0))));
  }
  const [length, ...referenceLengths] = lengths;
  const nearest = referenceLengths.reduce(
    (best, other) => (nearer(length!, other, best) ? other : best),
    Number.POSITIVE_INFINITY,
  );
  return bleuScore(matches, length!, nearest, smoothing);
}

/** The n-grams of a text, each at most as often as `most` allows. */
export function clippedMatches(own: Map<number, number>, most: (ngram: number) => number): number {
  let matches = 0;
  for (const [ngram, count] of own) matches += Math.min(count, most(ngram));
  return matches;
}

function nearer(length: number, a: number, b: number): boolean {
  const difference = Math.abs(a - length) - Math.abs(b - length);
  return difference < 0 || (difference === 0 && a < b);
}

/** The formula of `bleu`; `matches` [maxN] by order, `length` c and `referenceLength` r in tokens. */
export function bleuScore(
  matches: readonly number[],
  length: number,
  referenceLength: number,
  smoothing: 'method1' | 'none' = 'method1',
): number {
  if (matches[0] === 0) return 0;
  const least = smoothing === 'method1' ? 0.1 : 0;
  const logPrecisions = matches.map((count, order) => Math.log((count || least) / Math.max(1, length - order)));
  const brevity = Math.min(0, 1 - referenceLength / length);
  return Math.exp(brevity + logPrecisions.reduce((sum, log) => sum + log, 0) / matches.length);
}

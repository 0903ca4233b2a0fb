import { requireOption, requirePositiveInteger, requireTexts } from './checks.js';
import { ngramOrders, ngramsOf, occurrences, type TokenOptions } from './ngrams.js';

/** Of Distinct-n (Li et al. 2016). */
export interface DistinctOptions extends TokenOptions {
  /** What the different n-grams are divided by: all n-grams (default), or all tokens, as the source words it. */
  denominator?: 'ngrams' | 'tokens' | undefined;
}

/**
 * Distinct-n, in [0, 1]: different n-grams / n-grams, over all texts together. Texts without any n-gram have none that
 * differ: 0. With the denominator 'tokens' 1 is out of reach for n > 1.
 *
 * Source: Li et al. 2016, "A diversity-promoting objective function for neural conversation models" (docs/theory.md
 * section 8).
 * @throws UsageError METRIC_INPUT without a text; METRIC_OPTION
 */
export function distinct(texts: readonly string[], n: number, options: DistinctOptions = {}): number {
  requireTexts(texts);
  const { distinct, totals } = distinctParts(texts, n, options);
  const total = totals.reduce((sum, length) => sum + length, 0);
  return total === 0 ? 0 : distinct / total;
}

/** The numerator of Distinct-n, the n-grams of each text, and each text's part of the denominator. */
export function distinctParts(
  texts: readonly string[],
  n: number,
  { denominator = 'ngrams', tokenize }: DistinctOptions = {},
): { distinct: number; ofText: readonly Int32Array[]; totals: number[] } {
  requirePositiveInteger('n', n);
  requireOption('denominator', denominator === 'ngrams' || denominator === 'tokens', denominator, 'ngrams or tokens');
  const orders = [...ngramOrders(texts, n, { tokenize })];
  const { ofText, distinct } = orders[n - 1]!;
  const counted = denominator === 'ngrams' ? ofText : orders[0]!.ofText;
  return { distinct, ofText, totals: counted.map((ngrams) => ngrams.length) };
}

/** How often each different n-gram occurs in all texts together; with `entropy`, the n-gram entropy of the texts. */
export function ngramCounts(texts: readonly string[], n: number, options: TokenOptions = {}): Float64Array {
  requireTexts(texts);
  requirePositiveInteger('n', n);
  const { ofText } = ngramsOf(texts, n, options);
  return Float64Array.from(occurrences(ofText.flatMap((ngrams) => [...ngrams])).values());
}

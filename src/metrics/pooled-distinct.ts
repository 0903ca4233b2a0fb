import { type DistinctOptions, distinctParts } from './distinct.js';
import { centredPseudoValues, groupTexts, type LeftOut, type PooledOptions } from './pooled.js';

const NOBODY = -1;
const SEVERAL = -2;

/**
 * As `pooledContributions` of `distinct`, in time linear in the tokens: without a group exactly those n-grams are missing
 * that no other group has.
 * @throws UsageError METRIC_INPUT for fewer than two queries; METRIC_OPTION
 */
export function distinctContributions(
  slates: readonly (readonly string[])[],
  n: number,
  options: DistinctOptions & PooledOptions = {},
): Float64Array {
  const { texts, groupOf, groups } = groupTexts(slates, options);
  const { distinct, ofText, totals } = distinctParts(texts, n, options);
  const owner = new Int32Array(distinct).fill(NOBODY);
  const totalOf = new Float64Array(groups);
  for (const [text, ngrams] of ofText.entries()) {
    const group = groupOf[text]!;
    totalOf[group]! += totals[text]!;
    for (const ngram of ngrams) owner[ngram] = owner[ngram] === NOBODY || owner[ngram] === group ? group : SEVERAL;
  }
  const ownedBy = new Float64Array(groups);
  for (const group of owner) if (group !== SEVERAL) ownedBy[group]!++;
  const total = totalOf.reduce((sum, own) => sum + own, 0);
  const share = (different: number, of: number) => (of === 0 ? 0 : different / of);
  const leftOut: LeftOut = {
    value: share(distinct, total),
    without: ownedBy.map((owned, group) => share(distinct - owned, total - totalOf[group]!)),
  };
  return centredPseudoValues(leftOut);
}

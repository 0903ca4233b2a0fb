import type { Estimate, Headline, Normalisation, Warning } from './result.js';

/**
 * What an evaluation leads with (docs/theory.md section 2): the decomposed value under 'none', else the decomposed
 * self-normalised index under 'tokens' ('bytes' where the policies' tokenizers differ), whichever first is not
 * unreliable; else null. Slate and bound under 'tokens' rank policies backwards and never lead. `reasons` say what weakens the chosen row, and why those before it were passed over.
 */
export function headlineOf(
  estimates: readonly Estimate[],
  tokenizersDiffer: boolean,
): { headline: Headline | null; reasons: Warning[] } {
  const reasons: Warning[] = [];
  for (const normalise of ['none', tokenizersDiffer ? 'bytes' : 'tokens'] satisfies Normalisation[]) {
    const row = estimates.find((estimate) => estimate.estimator === 'decomposed' && estimate.normalise === normalise);
    if (!row) continue;
    reasons.push(
      ...row.reasons.map(({ code, message }) => ({ code, message: `decomposed, ${normalise}: ${message}` })),
    );
    const headline = row.verdict === 'unreliable' ? null : leadWith(row);
    if (headline) return { headline, reasons };
  }
  reasons.push({
    code: 'NO_HEADLINE',
    message: 'neither the decomposed value nor its index is supported by this log; see the reasons of the estimates',
  });
  return { headline: null, reasons };
}

function leadWith(row: Estimate): Headline | null {
  const { estimator, normalise, estimand, selfNormalised, selfNormalisedInterval, verdict } = row;
  const index = estimand === 'normalised';
  const value = index ? selfNormalised : row.value;
  if (value === null) return null;
  return {
    estimator,
    normalise,
    estimand,
    kind: index ? 'index' : 'value',
    value,
    interval: index ? selfNormalisedInterval : row.interval,
    selfNormalised,
    selfNormalisedInterval,
    verdict,
  };
}

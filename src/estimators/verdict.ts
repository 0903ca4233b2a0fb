/**
 * @file The documented rule that turns diagnostics into a verdict (docs/estimators.md has the same table with its
 * reasons). Each failing row is a reason with a code; the verdict is the worst of them.
 */

import type { WeightDiagnostics } from './diagnostics.js';
import type { Estimand, EstimatorName, Reason, Verdict } from './result.js';

/** What the rule looks at. */
export interface Evidence {
  estimator: EstimatorName;
  estimand: Estimand;
  queries: number;
  /** Null where a weight overflows. */
  value: number | null;
  diagnostics: WeightDiagnostics & { clippingBias: number | null };
}

interface Rule {
  code: string;
  /** Where the rule says nothing; always asked first. */
  appliesTo?: (evidence: Evidence) => boolean;
  /** How bad it is, on the scale of the two limits; null: unknown, no reason. */
  measure: (evidence: Evidence) => number | null;
  /** Beyond these the verdict is at most 'caution', or 'unreliable'. */
  caution: number;
  unreliable: number;
  message: (evidence: Evidence, measured: number) => string;
}

const percent = (share: number) => `${(100 * share).toPrecision(3)} %`;
const number = (value: number) => String(Number(value.toPrecision(4)));

/** Measures grow as things get worse. */
const RULES: readonly Rule[] = [
  {
    code: 'FEW_QUERIES',
    measure: ({ queries }) => 1 / queries,
    caution: 1 / 50,
    unreliable: 1 / 10,
    message: ({ queries }) => `only ${queries} queries: intervals need more (50 for trust, 10 at least)`,
  },
  {
    code: 'LOW_EFFECTIVE_SAMPLE',
    measure: ({ diagnostics }) => 1 / diagnostics.effectiveSampleSize,
    caution: 1 / 50,
    unreliable: 1 / 10,
    message: ({ diagnostics }) => `the effective sample size is ${number(diagnostics.effectiveSampleSize)}`,
  },
  {
    code: 'LOW_EFFECTIVE_SHARE',
    measure: ({ diagnostics }) => 1 - diagnostics.effectiveSampleShare,
    caution: 0.9,
    unreliable: 0.99,
    message: ({ diagnostics }) =>
      `only ${percent(diagnostics.effectiveSampleShare)} of the log counts (effective sample share): the policies differ too much`,
  },
  {
    code: 'HEAVY_TAIL',
    measure: ({ diagnostics }) => diagnostics.paretoK,
    caution: 0.5,
    unreliable: 0.7,
    message: (_, k) => `the tail of the weights is heavy: Pareto k-hat ${number(k)}`,
  },
  {
    code: 'MEAN_WEIGHT',
    appliesTo: ({ estimand, estimator }) => estimand === 'value' && estimator !== 'bound',
    measure: ({ diagnostics: { meanWeight } }) =>
      meanWeight === null ? Infinity : Math.max(meanWeight, 1 / meanWeight) - 1,
    caution: 0.25,
    unreliable: 1,
    message: ({ diagnostics: { meanWeight } }) =>
      `the mean weight is ${meanWeight === null ? 'too large for a number' : number(meanWeight)} where 1 is expected: ` +
      'wrong logging scores, too little support, or too much clipping',
  },
  {
    code: 'LOW_MEAN_WEIGHT',
    appliesTo: ({ estimand, estimator }) => estimand === 'normalised' && estimator !== 'bound',
    measure: ({ diagnostics: { meanWeight } }) => (meanWeight === null ? null : 1 / meanWeight),
    caution: Infinity,
    unreliable: 1 / 0.7,
    message: ({ diagnostics: { meanWeight } }) =>
      `the mean weight is ${number(meanWeight!)}, below 0.7: self-normalised values then overrate collapsed policies`,
  },
  {
    code: 'CLIPPED_SHARE',
    measure: ({ diagnostics }) => diagnostics.clippedShare,
    caution: 0.05,
    unreliable: 0.2,
    message: (_, share) => `${percent(share)} of the weights are clipped`,
  },
  {
    code: 'CLIPPING_BIAS',
    measure: ({ value, diagnostics: { clippingBias } }) =>
      value === null || clippingBias === null || clippingBias === 0 ? null : Math.abs(clippingBias / value),
    caution: 0.1,
    unreliable: Infinity,
    message: ({ diagnostics: { clippingBias } }) => `clipping moves the value by about ${number(clippingBias!)}`,
  },
  {
    code: 'DOMINANT_WEIGHT',
    measure: ({ diagnostics }) => diagnostics.maxWeightShare,
    caution: 0.1,
    unreliable: 0.3,
    message: (_, share) => `one weight makes ${percent(share)} of their sum`,
  },
  {
    code: 'NO_SUPPORT',
    measure: ({ queries, diagnostics }) => diagnostics.queriesWithoutSupport / queries,
    caution: 0.1,
    unreliable: 0.5,
    message: ({ queries, diagnostics }) =>
      `${diagnostics.queriesWithoutSupport} of ${queries} queries hold nothing that the target would say (all weights below 0.01)`,
  },
  {
    code: 'WEIGHT_OVERFLOW',
    measure: ({ value }) => (value === null ? 1 : 0),
    caution: 0.5,
    unreliable: 0.5,
    message: () => 'a weight is too large for a number, so there is no value; clip the weights',
  },
  {
    code: 'INDEX',
    appliesTo: ({ estimand }) => estimand === 'normalised',
    measure: () => 1,
    caution: 0,
    unreliable: Infinity,
    message: () =>
      'length-normalised probabilities are no density: this is an index that depends on the logging policy, not a value',
  },
];

const SEVERITY: readonly Verdict[] = ['reliable', 'caution', 'unreliable'];

export function worstVerdict(verdicts: Iterable<Verdict>): Verdict {
  let worst = 0;
  for (const verdict of verdicts) worst = Math.max(worst, SEVERITY.indexOf(verdict));
  return SEVERITY[worst]!;
}

export function judge(evidence: Evidence): { verdict: Verdict; reasons: Reason[] } {
  const reasons = RULES.flatMap((rule): Reason[] => {
    if (rule.appliesTo && !rule.appliesTo(evidence)) return [];
    const measured = rule.measure(evidence);
    // NaN must not pass as good.
    if (measured === null || (measured <= rule.caution && measured <= rule.unreliable)) return [];
    const verdict = measured <= rule.unreliable ? 'caution' : 'unreliable';
    return [{ code: rule.code, verdict, message: rule.message(evidence, measured) }];
  });
  return { verdict: worstVerdict(reasons.map((reason) => reason.verdict)), reasons };
}

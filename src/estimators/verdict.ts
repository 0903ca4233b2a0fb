/**
 * @file The documented rule that turns diagnostics into a verdict (docs/estimators.md has the same table with its
 * reasons). Each failing row is a reason with a code; the verdict is the worst of them.
 */

import type { WeightDiagnostics } from './diagnostics.js';
import type { Estimand, EstimatorName, Normalisation, Reason, Verdict } from './result.js';

/** How the two sets of scores were made. */
export interface ScoreFacts {
  /** Both policies name their tokenizer, or number format, and it is not the same. */
  tokenizersDiffer: boolean;
  dtypesDiffer: boolean;
  /** The logging scores come from a model, not from the log: a fit of it may have seen these very responses. */
  modelled: boolean;
  /** Shares of the responses: scored after a cut prompt; whose number of tokens under the logging policy is not known. */
  truncatedShare: number;
  tokensAssumedShare: number;
}

/** What the rule looks at. */
export interface Evidence {
  estimator: EstimatorName;
  normalise: Normalisation;
  estimand: Estimand;
  scores: ScoreFacts;
  queries: number;
  /** Null where a weight overflows. */
  value: number | null;
  standardError: number | null;
  diagnostics: WeightDiagnostics & { clippingBias: number | null };
  /** Of the bound: what the weights of single responses, whose geometric means hide it, would say of the decomposed value. */
  responses?: Verdict;
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
    // Below ten times the mean even the largest weight is no tail, however the few that tie look to the fit.
    appliesTo: ({ diagnostics: { maxWeight, meanWeight } }) =>
      maxWeight === null || meanWeight === null || maxWeight > 10 * meanWeight,
    measure: ({ diagnostics }) => diagnostics.paretoK,
    caution: 0.5,
    unreliable: 0.7,
    message: (_, k) => `the tail of the weights is heavy: Pareto k-hat ${number(k)}`,
  },
  {
    code: 'MEAN_WEIGHT',
    appliesTo: contradictsMeanOfOne,
    measure: ({ diagnostics: { meanWeight } }) =>
      meanWeight === null ? Infinity : Math.max(meanWeight, 1 / meanWeight) - 1,
    caution: 0.25,
    unreliable: 1,
    message: (evidence) => {
      const { meanWeight } = evidence.diagnostics;
      const figure = meanWeight === null ? 'too large for a number' : number(meanWeight);
      return `the mean weight is ${figure} where 1 is expected: wrong logging scores${inSample(evidence)}, too little support, or too much clipping`;
    },
  },
  {
    code: 'MEAN_WEIGHT_DRIFT',
    appliesTo: contradictsMeanOfOne,
    measure: ({ diagnostics }) => meanWeightErrors(diagnostics),
    caution: 2,
    unreliable: 10,
    message: (evidence, errors) =>
      `the mean weight ${number(evidence.diagnostics.meanWeight!)} is ${number(errors)} standard errors from 1: large weights were not seen, or clipped${inSample(evidence)}`,
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
    measure: ({ standardError, diagnostics: { clippingBias } }) =>
      standardError === null || clippingBias === null || clippingBias === 0
        ? null
        : Math.abs(clippingBias / standardError),
    caution: 0.5,
    unreliable: Infinity,
    message: ({ diagnostics: { clippingBias } }, errors) =>
      `clipping takes about ${number(clippingBias!)} off the value, ${number(errors)} standard errors: the interval is one of the clipped value`,
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
    // Self-normalised by weights that are all 0 there is no value either; the effective sample size says so.
    measure: ({ value, diagnostics }) => (value === null && diagnostics.effectiveSampleSize > 0 ? 1 : 0),
    caution: 0.5,
    unreliable: 0.5,
    message: () => 'a weight is too large for a number, so there is no value; clip the weights',
  },
  {
    code: 'RESPONSE_WEIGHTS',
    measure: ({ responses }) => SEVERITY.indexOf(responses ?? 'reliable'),
    caution: 0,
    unreliable: Infinity,
    message: ({ responses }) =>
      `the weights of single responses make the decomposed value ${responses}: this is a floor of what the log supports only`,
  },
  {
    code: 'TOKENIZER_MISMATCH',
    appliesTo: ({ normalise }) => normalise === 'tokens',
    measure: ({ scores }) => Number(scores.tokenizersDiffer),
    caution: 0,
    unreliable: 0,
    message: () => 'target and logging policy cut text differently, so means per token compare different units',
  },
  {
    code: 'MIXED_DTYPES',
    measure: ({ scores }) => Number(scores.dtypesDiffer),
    caution: 0,
    unreliable: 1,
    message: () => 'target and logging policy were scored in different precision, which goes into every weight',
  },
  {
    code: 'TRUNCATED_PROMPTS',
    measure: ({ scores }) => scores.truncatedShare,
    caution: 0.01,
    unreliable: 0.5,
    message: (_, share) => `${percent(share)} of the responses were scored after a prompt that was cut`,
  },
  {
    code: 'TOKENS_ASSUMED',
    appliesTo: ({ normalise }) => normalise === 'tokens',
    measure: ({ scores }) => scores.tokensAssumedShare,
    caution: 0.01,
    unreliable: Infinity,
    message: (_, share) => `for ${percent(share)} of the responses the logging policy's number of tokens is a guess`,
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

/** A model that has seen the responses finds them too likely, and so makes weights too small. */
function inSample({ scores, diagnostics: { meanWeight } }: Evidence): string {
  return scores.modelled && meanWeight !== null && meanWeight < 1
    ? ' (a logging model that was fitted to these responses?)'
    : '';
}

/**
 * Whether a mean weight other than 1 speaks against a value: the expectation is 1, but for the bound, whose geometric means
 * have one of at most 1 (E[W^(1/K)] = E[rho^(1/K)]^K <= 1), so that only a larger mean does.
 */
function contradictsMeanOfOne({ estimand, estimator, diagnostics: { meanWeight } }: Evidence): boolean {
  return estimand === 'value' && (estimator !== 'bound' || meanWeight === null || meanWeight > 1);
}

/** Distance of the mean weight from 1 in its standard errors; 0 where it is below 5 %, which no interval here would show. */
function meanWeightErrors({ meanWeight, chiSquare, effectiveSampleSize, effectiveSampleShare }: WeightDiagnostics) {
  if (meanWeight === null || chiSquare === null) return null;
  const distance = Math.abs(meanWeight - 1);
  if (distance < 0.05) return 0;
  const size = effectiveSampleSize / effectiveSampleShare;
  return distance / Math.sqrt((chiSquare + 1 - meanWeight ** 2) / size);
}

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

import type { Comparison } from '../../estimators/compare/result.js';
import type { Evaluation, Headline } from '../../estimators/result.js';
import { percent, readable } from '../../numbers.js';
import { type Run, type RunOf, runsOf } from '../inputs/run.js';
import type { Answer, Section } from '../model.js';
import { intervalWords, listed, type SectionContext } from './shared.js';

/** The section that everything else supports: the verdict on every comparison and policy, in plain words. */
export function answers(runs: readonly Run[], { colours }: SectionContext): Section | null {
  const blocks = [
    ...runsOf(runs, 'comparison').map(({ data }) => answerToComparison(data)),
    ...runsOf(runs, 'evaluation').map((run) => ({
      ...answerOf(run),
      policy: { name: run.name, colour: colours.of(run.name) },
    })),
  ];
  return blocks.length === 0 ? null : { id: 'answer', title: 'The answer', blocks };
}

function answerOf({ data }: RunOf<'evaluation'>): Answer {
  const { headline, verdict, queries, responses, options, warnings } = data;
  const size = `${readable(queries)} queries, ${readable(responses)} responses`;
  const reasons = warnings.map(({ message }) => message);
  if (headline === null) {
    return {
      kind: 'answer',
      ...{ verdict, policy: null, headline: 'No value', detail: size, reasons },
      sentence:
        'This log does not support a value of this policy. The reasons say why; the figures below are shown to explain that, not to be quoted.',
    };
  }
  const { value, interval } = headline;
  return {
    kind: 'answer',
    ...{ verdict, policy: null, reasons },
    headline: readable(value),
    detail: `${intervalWords(interval, options.alpha)}; ${size}`,
    sentence: kindSentence(headline, options),
  };
}

function kindSentence({ kind, estimator, normalise }: Headline, { lambdaDiv }: Evaluation['options']): string {
  if (kind === 'index')
    return `An index: it ranks policies on one log, but it is not their value, and it depends on the policy that wrote the log. By the ${estimator} estimator (normalise ${normalise}, self-normalised).`;
  const of = lambdaDiv === 0 ? 'the approval' : 'approval plus diversity';
  return `The value of the policy: ${of} of a slate of its responses, by the ${estimator} estimator (normalise ${normalise}).`;
}

function answerToComparison({ best, policies, verdict, warnings, options, queries, row }: Comparison): Answer {
  const possible = policies.filter(({ possiblyBest }) => possiblyBest).map(({ policy }) => policy);
  const unsupported = policies.some((policy) => policy.verdict === 'unreliable');
  const what = row.estimand === 'value' ? 'value' : 'index';
  const certainty = `All pairs at once, at ${percent(1 - options.alpha)} confidence`;
  const sentence =
    best !== null
      ? `${certainty}, no other policy may have a higher ${what}.`
      : unsupported
        ? 'The log does not support a value of every policy, so that no choice is made.'
        : `${certainty}, ${listed(possible)} cannot be told apart.`;
  return {
    kind: 'answer',
    verdict,
    policy: null,
    headline: best !== null ? `Best: ${best}` : unsupported ? 'No choice' : 'No single best',
    detail: `${policies.length} policies on the same ${readable(queries)} queries`,
    sentence,
    reasons: warnings.map(({ message }) => message),
  };
}

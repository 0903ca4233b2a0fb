import { UsageError } from '../../errors.js';
import { diagnose } from '../../native/doctor.js';
import { type MetricIntervalOptions, resampledInterval } from '../intervals.js';
import { meanWithInterval } from '../mean-with-interval.js';
import type { Capability, CapabilityMeasure, Estimate } from './result.js';
import type { CapabilityScores, QuestionScore, TextScore } from './score.js';

/** Of the bootstrap over items. */
export interface CapabilityIntervals {
  /** Default 0.05. */
  alpha?: number | undefined;
  resamples?: number | undefined;
  seed?: number | undefined;
}

/**
 * General ability of a model, and what became of it since `before`: accuracy on multiple-choice questions and perplexity of held-out
 * texts, with bootstrap intervals over questions and over texts. Changes are after - before on the same items, so that their intervals are
 * paired. Questions that either model could not take are left out and counted.
 *
 * Source: docs/theory.md section 8.
 * @throws UsageError CAPABILITY_PAIR for scores of other items, or perplexities under two tokenizers
 */
export function capability(
  after: CapabilityScores,
  before: CapabilityScores | null = null,
  { alpha = 0.05, resamples, seed }: CapabilityIntervals = {},
): Capability {
  if (before) requirePair(after, before);
  const intervals: MetricIntervalOptions = {
    alpha,
    ...(resamples !== undefined && { resamples }),
    ...(seed !== undefined && { seed }),
  };
  const answered = after.questions.flatMap((score, i) => {
    const earlier = before?.questions[i];
    return score === null || earlier === null ? [] : [{ after: score, before: earlier }];
  });
  const read = after.texts.flatMap((score, i) => {
    const earlier = before?.texts[i];
    return score === null || earlier === null ? [] : [{ after: score, before: earlier }];
  });
  const accuracy = (measure: CapabilityMeasure['measure'], of: (score: QuestionScore) => number): CapabilityMeasure => {
    const now = answered.map(({ after }) => of(after));
    const then = answered.flatMap(({ before }) => (before ? [of(before)] : []));
    const mean = (values: readonly number[]) => estimate(meanWithInterval(values, intervals));
    const change = before && mean(now.map((value, i) => value - then[i]!));
    return { measure, after: mean(now), before: before && mean(then), change };
  };
  const measures = [
    ...(answered.length > 0
      ? [accuracy('accuracy', ({ correct }) => correct), accuracy('accuracyPerByte', (score) => score.correctPerByte)]
      : []),
    ...(read.length > 0
      ? [
          perplexity(
            read.map((text) => text.after),
            before && read.map((text) => text.before!),
            intervals,
          ),
        ]
      : []),
  ];
  return {
    model: after.policy,
    before: before?.policy ?? null,
    alpha,
    questions: answered.length,
    skippedQuestions: after.questions.length - answered.length,
    texts: read.length,
    skippedTexts: after.texts.length - read.length,
    tokens: read.reduce((sum, { after: { tokens } }) => sum + tokens, 0),
    measures,
    environment: { ...diagnose() },
  };
}

/** exp of the mean negative log-probability per token: tokens weigh alike, texts are resampled. */
function perplexity(
  after: readonly TextScore[],
  before: readonly TextScore[] | null,
  intervals: MetricIntervalOptions,
) {
  const of = (texts: readonly TextScore[], sample: Int32Array) => {
    let [logprob, tokens] = [0, 0];
    for (const text of sample) {
      logprob += texts[text]!.logprob;
      tokens += texts[text]!.tokens;
    }
    return Math.exp(-logprob / tokens);
  };
  const measured = (statistic: (sample: Int32Array) => number): Estimate => {
    if (after.length >= 2) return resampledInterval(after.length, statistic, intervals);
    return { value: statistic(Int32Array.of(0)), low: null, high: null };
  };
  return {
    measure: 'perplexity' as const,
    after: measured((sample) => of(after, sample)),
    before: before && measured((sample) => of(before, sample)),
    change: before && measured((sample) => of(after, sample) - of(before, sample)),
  };
}

function estimate({ value, low, high }: Estimate): Estimate {
  return { value, low, high };
}

function requirePair(after: CapabilityScores, before: CapabilityScores): void {
  const counts = ({ questions, texts }: CapabilityScores) => `${questions.length} questions and ${texts.length} texts`;
  if (counts(after) !== counts(before)) {
    throw new UsageError(
      'CAPABILITY_PAIR',
      `expected scores of the same items, got ${counts(after)}, ${counts(before)}`,
    );
  }
  if (after.texts.length === 0 || after.tokenizer === before.tokenizer) return;
  const why = 'perplexities per token of two tokenizers do not compare';
  throw new UsageError('CAPABILITY_PAIR', `"${after.policy}", "${before.policy}": ${why}; leave the texts out`);
}

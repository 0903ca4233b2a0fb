/** @file The signs of training that goes wrong, found in what a run has measured (docs/training.md). */
import type { Warning } from '../estimators/result.js';
import type { Method } from './options.js';
import type { Push } from './statistics.js';

/** What one validation found on the queries of one split. */
export interface Measurement {
  /** The method's own value J. */
  value: number;
  /** POPE's estimate on these queries and its parts, under the rule of the settings; null without propensities. */
  estimate: { value: number; utility: number; diversity: number } | null;
  meanWeight: number | null;
  effectiveSampleShare: number | null;
  meanRho: number | null;
  meanLogProb: number;
}

/** What happened in the steps between two validations. */
export interface Interval {
  push: Push;
  slates: number;
  silentSlates: number;
}

/** One validation: the state of the model after `step` steps, and the steps since the one before. */
export interface Evaluation {
  step: number;
  training: Measurement;
  /** Null where the validation split has no query. */
  validation: Measurement | null;
  interval: Interval;
}

/** Validations that make a trend. */
const TREND = 3;
const LARGEST_MEAN_WEIGHT = 2;
const SMALLEST_MEAN_RHO = 0.7;
const LOWEST_LOG_PROB = -1.5;
const DEAD_SHARE = 0.5;
/** Responses that people did not want may be raised by this much more than their number before it is a sign. */
const JUNK_EXCESS = 1.2;

/**
 * The signs in a run's validations so far, judged by the last ones.
 *
 * @param history oldest first, at least one
 */
export function trainingWarnings(history: readonly Evaluation[], method: Method, bound: boolean): Warning[] {
  return [propensityOverfit, rewardHacking, collapse, ...(method === 'pope' && bound ? [deadBound] : []), junkPush]
    .map((find) => find(history))
    .filter((found) => found !== null);
}

function propensityOverfit(history: readonly Evaluation[]): Warning | null {
  const { step, training } = history.at(-1)!;
  // Null is a mean weight that overflows a double, but only where there are weights at all.
  const overflows = training.estimate !== null && training.meanWeight === null;
  if (overflows || (training.meanWeight ?? 0) > LARGEST_MEAN_WEIGHT) {
    const weight = overflows ? 'beyond a double' : training.meanWeight!.toPrecision(3);
    const message = `after step ${step} the mean weight on training queries is ${weight}, above ${LARGEST_MEAN_WEIGHT}: logged responses are made likelier for being logged; lower --lr, clip weights, or stop earlier`;
    return { code: 'PROPENSITY_OVERFIT', message };
  }
  const rises = trend(history, ({ training: { estimate } }) => estimate?.value, 1);
  const falls = trend(history, ({ validation }) => validation?.estimate?.value, -1);
  if (!rises || !falls) return null;
  return {
    code: 'PROPENSITY_OVERFIT',
    message: `up to step ${step} the value rises on training queries and falls on validation queries; stop earlier (--patience) or lower --lr`,
  };
}

function rewardHacking(history: readonly Evaluation[]): Warning | null {
  const utilityFalls = trend(history, ({ validation }) => validation?.estimate?.utility, -1);
  const diversityRises = trend(history, ({ validation }) => validation?.estimate?.diversity, 1);
  if (!utilityFalls || !diversityRises) return null;
  return {
    code: 'REWARD_HACKING',
    message: `up to step ${history.at(-1)!.step} utility falls on validation queries while diversity rises: the diversity reward is met by what people do not want; lower --lambda-div`,
  };
}

/** Both signs count only where they have become worse since the run began: a model may start far from the log. */
function collapse(history: readonly Evaluation[]): Warning | null {
  const { step, training } = history.at(-1)!;
  const start = history[0]!.training;
  const problems: string[] = [];
  if (training.meanRho !== null && training.meanRho < Math.min(SMALLEST_MEAN_RHO, start.meanRho ?? 0)) {
    problems.push(`the mean weight of a response is ${training.meanRho.toPrecision(3)}, below ${SMALLEST_MEAN_RHO}`);
  }
  const low = training.meanLogProb < Math.min(LOWEST_LOG_PROB, start.meanLogProb);
  if (low && trend(history, (evaluation) => evaluation.training.meanLogProb, -1)) {
    problems.push(`logged text has fallen to ${training.meanLogProb.toPrecision(3)} nats per token`);
  }
  if (problems.length === 0) return null;
  return {
    code: 'COLLAPSE',
    message: `after step ${step} ${problems.join(' and ')}: probability leaves what people wrote; lower --lr, the baseline or --beta`,
  };
}

function deadBound(history: readonly Evaluation[]): Warning | null {
  const { step, interval } = history.at(-1)!;
  const share = interval.silentSlates / interval.slates;
  if (!(share > DEAD_SHARE)) return null;
  return {
    code: 'DEAD_BOUND',
    message: `up to step ${step} the bound of ${percent(share)} of the slates is 0, because a response has no reward: they teach nothing; use --reward identity or objective decomposed`,
  };
}

function junkPush(history: readonly Evaluation[]): Warning | null {
  const { step, interval } = history.at(-1)!;
  const { positive, junk, responses, junkResponses } = interval.push;
  const pushed = junk / positive;
  const present = junkResponses / responses;
  if (!(pushed > JUNK_EXCESS * present)) return null;
  return {
    code: 'JUNK_PUSH',
    message: `up to step ${step} responses that hardly anybody voted for are ${percent(present)} of the responses and take ${percent(pushed)} of the push upwards; lower --lambda-div or use form gated`,
  };
}

/** Whether a figure went one way (1 up, -1 down) in each of the last validations; false where there are too few. */
function trend(
  history: readonly Evaluation[],
  figure: (evaluation: Evaluation) => number | null | undefined,
  direction: 1 | -1,
): boolean {
  const last = history.slice(-TREND - 1).map(figure);
  if (last.length <= TREND) return false;
  return last.every((value, i) => {
    if (typeof value !== 'number') return false;
    return i === 0 || direction * (value - last[i - 1]!) > 0;
  });
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

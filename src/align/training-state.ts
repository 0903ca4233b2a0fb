import { z } from 'zod';
import { DataError } from '../errors.js';
import type { Warning } from '../estimators/result.js';
import type { StepMetrics } from './trainer.js';
import type { Evaluation, Interval } from './warnings.js';

/**
 * Where a run stands, besides weights and moments: state.json of a checkpoint. The position in the data and everything
 * random follow from the step and the seed.
 */
export interface TrainingState {
  /** Steps done. */
  step: number;
  /** Tokens of responses trained on. */
  tokens: number;
  /** Validations so far, the first before any step. */
  history: Evaluation[];
  /** Of the steps since the last of them. */
  interval: Interval;
  warnings: Warning[];
}

const push = z.object({ positive: z.number(), junk: z.number(), responses: z.number(), junkResponses: z.number() });
const interval = z.object({ push, slates: z.number(), silentSlates: z.number() });
const measurement = z.object({
  value: z.number(),
  estimate: z.object({ value: z.number(), utility: z.number(), diversity: z.number() }).nullable(),
  meanWeight: z.number().nullable(),
  effectiveSampleShare: z.number().nullable(),
  meanRho: z.number().nullable(),
  meanLogProb: z.number(),
});
/** One validation, as `Evaluation` describes it. */
export const evaluation = z.object({
  step: z.int(),
  training: measurement,
  validation: measurement.nullable(),
  interval,
});
export const warnings = z.array(z.object({ code: z.string(), message: z.string() }));
const schema = z.object({
  step: z.int().nonnegative(),
  tokens: z.number(),
  history: z.array(evaluation),
  interval,
  warnings,
});

export function initialState(): TrainingState {
  return { step: 0, tokens: 0, history: [], interval: emptyInterval(), warnings: [] };
}

/** @throws DataError RUN_INVALID */
export function parseState(value: unknown, place: string): TrainingState {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new DataError('RUN_INVALID', `${place}: not the state of a training run: ${result.error.issues[0]!.message}`);
}

export function emptyInterval(): Interval {
  return { push: { positive: 0, junk: 0, responses: 0, junkResponses: 0 }, slates: 0, silentSlates: 0 };
}

export function addStep({ push, slates, silentSlates }: Interval, step: StepMetrics): Interval {
  return {
    push: {
      positive: push.positive + step.push.positive,
      junk: push.junk + step.push.junk,
      responses: push.responses + step.push.responses,
      junkResponses: push.junkResponses + step.push.junkResponses,
    },
    slates: slates + step.slates,
    silentSlates: silentSlates + step.silentSlates,
  };
}

/** The validation with the largest value, the first of several; null without validation queries. */
export function bestEvaluation(history: readonly Evaluation[]): Evaluation | null {
  const valued = history.filter(({ validation }) => validation !== null);
  if (valued.length === 0) return null;
  return valued.reduce((best, each) => (each.validation!.value > best.validation!.value ? each : best));
}

/** Whether so many validations have passed since the best one that the run should stop; patience 0: never. */
export function isStale(history: readonly Evaluation[], patience: number): boolean {
  const best = bestEvaluation(history);
  if (patience === 0 || best === null) return false;
  return history.length - 1 - history.indexOf(best) >= patience;
}

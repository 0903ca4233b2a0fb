/** @file result.json of a run, and `pope align --json`: one zod schema gives the type and docs/schemas/align.schema.json. */
import { z } from 'zod';
import { DataError } from '../errors.js';
import { METHODS, type ResolvedSettings } from './options.js';
import { bestEvaluation, evaluation, type TrainingState, warnings } from './training-state.js';

const count = z.int().nonnegative();

export const alignResult = z.object({
  method: z.enum(METHODS),
  ended: z.enum(['finished', 'early']).describe("'early': validation got no better."),
  steps: count,
  tokens: count.describe('Tokens of responses that were trained on.'),
  slates: z.object({ train: count, validation: count }),
  leftOut: z
    .object({
      noPreference: count.describe('Nobody voted on any of their responses.'),
      weightless: count.describe('None of their responses has a likelihood weight.'),
      tooLong: count.describe("They exceed the model's context."),
    })
    .describe('Queries of the training split that did not train.'),
  modelStep: count.describe('Step whose model is in `model`.'),
  initial: evaluation.describe('Before the first step.'),
  final: evaluation.describe('After the last step.'),
  warnings,
});

/** How a run ended, with its first and last validation: result.json, and `pope align --json`. */
export type AlignResult = z.output<typeof alignResult>;

export function resultOf(
  { step, tokens, history, warnings: raised }: TrainingState,
  ended: AlignResult['ended'],
  { method, patience }: ResolvedSettings,
  log: Pick<AlignResult, 'slates' | 'leftOut'>,
): AlignResult {
  const best = patience > 0 ? bestEvaluation(history) : null;
  return {
    method,
    ended,
    steps: step,
    tokens,
    ...log,
    modelStep: best?.step ?? step,
    initial: history[0]!,
    final: history.at(-1)!,
    warnings: raised,
  };
}

/** Reads what an ended run wrote. @throws DataError RUN_INVALID */
export function parseResult(value: unknown, place: string): AlignResult {
  const result = alignResult.safeParse(value);
  if (result.success) return result.data;
  throw new DataError('RUN_INVALID', `${place}: not the result of a training run: ${result.error.issues[0]!.message}`);
}

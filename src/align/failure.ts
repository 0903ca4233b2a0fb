import { NativeError, PopeError } from '../errors.js';
import { explainMemory } from '../tensor/out-of-memory.js';
import type { ResolvedSettings } from './options.js';

/** Where a run was when something failed. */
export interface StepPlace {
  /** Counted from 1, as people count. */
  step: number;
  epoch: number;
  queries: readonly string[];
}

/** A loss or gradient that is no number any more. */
export class Divergence extends PopeError {
  /** Whether the weights in memory are from before the failure. */
  readonly weightsAreGood: boolean;

  constructor(
    readonly what: string,
    readonly place: string,
    { weightsAreGood, where }: { weightsAreGood: boolean; where?: string },
  ) {
    const known = where === undefined ? '' : `; ${where}`;
    super('DIVERGED', `${place}: ${what} is not finite${known}; lower --lr, or clip the gradient with --max-norm`);
    this.weightsAreGood = weightsAreGood;
  }
}

export function describePlace({ step, epoch, queries }: StepPlace): string {
  const shown = queries.slice(0, 8).map((query) => JSON.stringify(query));
  const more = queries.length > shown.length ? ` and ${queries.length - shown.length} more` : '';
  return `step ${step} (epoch ${epoch}), batch of queries ${shown.join(', ')}${more}`;
}

/** Adds to the failures of native code what only the trainer knows: where it happened and what helps. */
export function explain(
  error: unknown,
  place: StepPlace,
  { batchTokens, checkpointing, lora }: Pick<ResolvedSettings, 'batchTokens' | 'checkpointing' | 'lora'>,
): unknown {
  if (!(error instanceof NativeError)) return error;
  if (error.code === 'WEIGHT_OVERFLOW') {
    const query = JSON.stringify(place.queries[error.index]);
    const what = 'an importance weight overflows; clip weights (--transform clip:5) or normalise by tokens';
    return new PopeError(error.code, `step ${place.step}, query ${query}: ${what}`, { cause: error });
  }
  const advice = [
    `lower --batch-tokens (now ${batchTokens})`,
    ...(checkpointing ? [] : ['add --checkpointing']),
    ...(lora === null ? ['train adapters only (--lora 8)'] : []),
  ].join(', or ');
  return explainMemory(error, { who: `step ${place.step}`, advice });
}

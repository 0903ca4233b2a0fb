/** @file What every slate of a log contributes to one row of an evaluation, block by block. */
import { NativeError } from '../errors.js';
import { type Objective, type SlateValue, slateValue } from '../native/objective.js';
import type { LogColumns } from './columns.js';
import { ExactSum } from './exact-sum.js';
import { blocksOf, type LogBlock } from './log-blocks.js';
import type { Normalisation } from './result.js';

/** With reduction 'sum', unweighted [N]. */
export interface SlateParts {
  contributions: Float64Array;
  utilities: Float64Array;
  diversities: Float64Array;
  /** Plain value without clipping minus plain value with it; 0 without clipping, null where it overflows. */
  clippingBias: number | null;
}

/** Null where one is too large for a number. */
export async function slateParts(
  columns: LogColumns,
  normalise: Normalisation,
  objective: Objective,
  signal?: AbortSignal,
): Promise<SlateParts | null> {
  const column = () => new Float64Array(columns.queryWeight.length);
  const [contributions, utilities, diversities] = [column(), column(), column()];
  const bias = objective.transform.name === 'clip' ? new ClippingBias(objective) : null;
  for await (const { first, log } of blocksOf(columns, normalise, signal)) {
    const block = valuesOf(log, objective);
    if (block === null) return null;
    contributions.set(block.contributions, first);
    utilities.set(block.utilities, first);
    diversities.set(block.diversities, first);
    bias?.add(log, block.contributions);
  }
  return { contributions, utilities, diversities, clippingBias: bias ? bias.value : 0 };
}

function valuesOf(log: LogBlock['log'], objective: Objective): SlateValue | null {
  try {
    // The weights of a block's queries may all be 0, which those of a log must not be; here they do not enter.
    return slateValue({ ...log, queryWeight: undefined }, { ...objective, reduction: 'sum' });
  } catch (error) {
    // The inputs are finite: only a weight, or its product with a reward, can be too large.
    if (error instanceof NativeError && ['WEIGHT_OVERFLOW', 'NON_FINITE'].includes(error.code)) return null;
    throw error;
  }
}

/** The mean of what clipping takes from the slates. */
class ClippingBias {
  readonly #objective: Objective;
  readonly #difference = new ExactSum();
  readonly #omega = new ExactSum();
  #overflows = false;

  constructor(objective: Objective) {
    this.#objective = objective;
  }

  add(log: LogBlock['log'], clipped: Float64Array): void {
    if (this.#overflows) return;
    const unclipped = valuesOf(log, { ...this.#objective, transform: { name: 'identity', value: 0 } });
    if (unclipped === null) {
      this.#overflows = true;
      return;
    }
    const { slateOffsets: offsets, queryWeight: omega } = log;
    for (const [i, x] of unclipped.contributions.entries()) {
      const size = this.#objective.reduction === 'mean' ? offsets[i + 1]! - offsets[i]! : 1;
      this.#difference.add(omega[i]! * ((x - clipped[i]!) / size));
      this.#omega.add(omega[i]!);
    }
  }

  /** Null where a value without clipping is too large for a number. */
  get value(): number | null {
    return this.#overflows ? null : this.#difference.value / this.#omega.value;
  }
}

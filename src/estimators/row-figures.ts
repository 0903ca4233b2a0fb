import type { LogColumns } from './columns.js';
import type { EstimatorName, Reduction } from './result.js';
import type { SlateParts } from './slate-parts.js';
import { ratioOf, type Statistic } from './statistic.js';

/** What intervals are made for. */
export interface RowStatistics {
  value: Statistic;
  utility: Statistic;
  diversity: Statistic;
  /** Null for the bound. */
  selfNormalised: Statistic | null;
}

interface RowShape {
  estimator: EstimatorName;
  reduction: Reduction;
  selfNormalise: boolean;
}

/** docs/theory.md section 4: plain and self-normalised values as functions of sums over queries. */
export class RowFigures {
  readonly #columns: LogColumns;
  readonly #parts: SlateParts;
  readonly #weightSums: Float64Array;
  readonly #shape: RowShape;
  readonly #unweighted: boolean;

  constructor(columns: LogColumns, parts: SlateParts, weightSums: Float64Array, shape: RowShape) {
    this.#columns = columns;
    this.#parts = parts;
    this.#weightSums = weightSums;
    this.#shape = shape;
    this.#unweighted = columns.queryWeight.every((weight) => weight === 1);
  }

  statistics(): RowStatistics {
    const { contributions, utilities, diversities } = this.#parts;
    const { estimator, reduction } = this.#shape;
    const numerator = this.#reduced(contributions, reduction);
    return {
      value: this.#shown(numerator, reduction),
      utility: this.#shown(this.#reduced(utilities, reduction), reduction),
      diversity: this.#shown(this.#reduced(diversities, reduction), reduction),
      selfNormalised: estimator === 'bound' ? null : this.#selfNormalised(numerator, reduction),
    };
  }

  /** The value with reduction 'mean'. */
  perResponse(): Statistic {
    return this.#shown(this.#reduced(this.#parts.contributions, 'mean'), 'mean');
  }

  #shown(numerator: Float64Array, reduction: Reduction): Statistic {
    const { estimator, selfNormalise } = this.#shape;
    if (selfNormalise && estimator !== 'bound') return this.#selfNormalised(numerator, reduction);
    return ratioOf(numerator, this.#columns.queryWeight);
  }

  #selfNormalised(numerator: Float64Array, reduction: Reduction): Statistic {
    const sums = this.#weightSums;
    if (this.#shape.estimator === 'slate') return ratioOf(numerator, this.#weighted(sums));
    if (reduction === 'mean') return ratioOf(numerator, this.#reduced(sums, 'mean'));
    const { queryWeight: omega } = this.#columns;
    const sizes = omega.map((weight, i) => weight * this.#size(i));
    // sum omega x / sum omega sum_k rho, times the weighted mean of K.
    return { numerator, multipliers: [sizes], denominators: [this.#weighted(sums), omega] };
  }

  #reduced(x: Float64Array, reduction: Reduction): Float64Array {
    return this.#weighted(reduction === 'sum' ? x : x.map((value, i) => value / this.#size(i)));
  }

  #weighted(x: Float64Array): Float64Array {
    const { queryWeight: omega } = this.#columns;
    return this.#unweighted ? x : x.map((value, i) => value * omega[i]!);
  }

  #size(i: number): number {
    const { offsets } = this.#columns;
    return offsets[i + 1]! - offsets[i]!;
  }
}

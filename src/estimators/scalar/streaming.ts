import { DataError, describeValue, UsageError } from '../../errors.js';
import { ExactSum } from '../exact-sum.js';
import { type SavedSums, StatisticSums } from '../statistic-sums.js';
import { definitionOf, lambdaOf, type ScalarDefinition } from './definitions.js';
import { type EstimateOptions, termsOf, vanished } from './estimate.js';
import { columnsOf, type ScalarLog } from './input.js';

/** What `StreamingEstimate` is as JSON; another process reads it back. */
export interface SavedEstimate {
  estimator: string;
  /** Null for the infinite lambda. */
  lambda: number | null;
  /** Null before the first round. */
  sums: SavedSums | null;
  /** Of the applied weights: their sum, their squares' sum and the largest. */
  weights: { sum: number[]; squares: number[]; largest: number };
}

/** What the applied weights of a log say. */
export interface StreamedWeights {
  /** (sum w)^2 / sum w^2; 0 where all are 0. */
  effectiveSampleSize: number;
  meanWeight: number;
  maxWeight: number;
}

/**
 * An estimate of `estimate` from a log that comes in parts or lies on several machines: it keeps sums, not rounds. The sums are exact,
 * so that any split of a log, in any order, gives the value of the whole log bit for bit.
 *
 * Not for psis-ips, empirical-likelihood and cressie-read, which need all weights at once.
 */
export class StreamingEstimate {
  readonly #name: string;
  readonly #definition: ScalarDefinition;
  readonly #lambda: number;
  #sums: StatisticSums | null = null;
  readonly #weightSum = new ExactSum();
  readonly #weightSquares = new ExactSum();
  #largest = 0;

  /** @throws UsageError ESTIMATOR_UNKNOWN, ESTIMATE_OPTION; ESTIMATE_NEEDS where the estimator needs the whole log */
  constructor(name: string, { lambda }: Pick<EstimateOptions, 'lambda'> = {}) {
    this.#name = name;
    this.#definition = definitionOf(name);
    this.#lambda = lambdaOf(name, this.#definition, lambda);
    if (this.#definition.likelihood || this.#definition.transform === 'pareto') {
      throw new UsageError(
        'ESTIMATE_NEEDS',
        `Estimator ${name} needs all weights of the log at once, so parts of it cannot be merged; use estimate.`,
      );
    }
  }

  /** An estimate from what `toJSON` gave. @throws DataError ESTIMATE_INPUT */
  static from(saved: SavedEstimate): StreamingEstimate {
    const lambda = saved.lambda ?? Infinity;
    const result = new StreamingEstimate(saved.estimator, hasLambda(saved.estimator) ? { lambda } : {});
    if (saved.sums) result.#sums = StatisticSums.from(result.#shape(), saved.sums);
    if (saved.sums && !result.#sums) {
      throw new DataError('ESTIMATE_INPUT', `These sums are not those of estimator ${describeValue(saved.estimator)}.`);
    }
    result.#weightSum.merge(ExactSum.from(saved.weights.sum));
    result.#weightSquares.merge(ExactSum.from(saved.weights.squares));
    result.#largest = saved.weights.largest;
    return result;
  }

  /** Adds rounds. @throws as `estimate` */
  add(log: ScalarLog, options: Pick<EstimateOptions, 'estimatedPropensity' | 'estimatedWeight'> = {}): this {
    const columns = columnsOf(log, this.#name, this.#definition, options);
    const { statistic, weights } = termsOf(columns, this.#definition, this.#lambda);
    this.#sums ??= new StatisticSums(statistic);
    this.#sums.add(statistic);
    for (const weight of weights ?? []) {
      this.#weightSum.add(weight);
      this.#weightSquares.add(weight * weight);
      this.#largest = Math.max(this.#largest, weight);
    }
    return this;
  }

  /** Adds the rounds of another one. @throws UsageError ESTIMATE_OPTION unless it has the same estimator and lambda */
  merge(other: StreamingEstimate): this {
    if (other.#name !== this.#name || !Object.is(other.#lambda, this.#lambda)) {
      const described = ({ name, lambda }: { name: string; lambda: number }) =>
        Number.isNaN(lambda) ? name : `${name} with lambda ${lambda}`;
      throw new UsageError(
        'ESTIMATE_OPTION',
        `Only parts of one estimate merge; got ${described({ name: this.#name, lambda: this.#lambda })} and ` +
          `${described({ name: other.#name, lambda: other.#lambda })}.`,
      );
    }
    if (other.#sums) {
      this.#sums ??= new StatisticSums(this.#shape());
      this.#sums.merge(other.#sums);
    }
    this.#weightSum.merge(other.#weightSum);
    this.#weightSquares.merge(other.#weightSquares);
    this.#largest = Math.max(this.#largest, other.#largest);
    return this;
  }

  /** Rounds that were added so far. */
  get rounds(): number {
    return this.#sums?.queries ?? 0;
  }

  /** As `estimate(wholeLog, name).value`. @throws DataError ESTIMATE_INPUT before the first round, WEIGHTS_VANISH */
  get value(): number {
    const sums = this.#some();
    if (this.#definition.selfNormalised && this.#weightSum.value === 0) {
      if (this.#definition.weight === 'match') return 0;
      throw vanished(this.#name);
    }
    return sums.value();
  }

  /** The delta method's; for t intervals with rounds - 1 degrees of freedom. Loses digits where it is below 1e-8 of the value. */
  get standardError(): number {
    return this.#some().standardError();
  }

  /** Null for the direct method, which has no weights. */
  get weights(): StreamedWeights | null {
    if (this.#definition.weight === 'none') return null;
    const total = this.#weightSum.value;
    const squares = this.#weightSquares.value;
    return {
      effectiveSampleSize: squares === 0 ? 0 : total ** 2 / squares,
      meanWeight: total / this.#some().queries,
      maxWeight: this.#largest,
    };
  }

  /** All that is needed to go on elsewhere, with the same bits: `StreamingEstimate.from` reads it. */
  toJSON(): SavedEstimate {
    return {
      estimator: this.#name,
      lambda: Number.isFinite(this.#lambda) ? this.#lambda : null,
      sums: this.#sums?.toJSON() ?? null,
      weights: {
        sum: this.#weightSum.toJSON(),
        squares: this.#weightSquares.toJSON(),
        largest: this.#largest,
      },
    };
  }

  #some(): StatisticSums {
    if (this.#sums) return this.#sums;
    throw new DataError('ESTIMATE_INPUT', 'No round has been added yet.');
  }

  /** The statistic of no rounds. */
  #shape() {
    const none = () => new Float64Array(0);
    const baseline = this.#definition.model ? none() : null;
    const columns = { rounds: 0, weights: none(), rewards: none(), residuals: none(), baseline };
    return termsOf(
      this.#definition.weight === 'none' ? { ...columns, weights: null } : columns,
      this.#definition,
      this.#lambda,
    ).statistic;
  }
}

function hasLambda(name: string): boolean {
  return !Number.isNaN(lambdaOf(name, definitionOf(name), undefined));
}

/** @file Values that use a model of the reward, from predictions that the log carries. */
import type { Slate } from '../data/slate.js';
import { DataError, describeValue, UsageError } from '../errors.js';
import { importanceWeights } from '../native/objective.js';
import { type LogColumns, normalised } from './columns.js';
import { type IntervalsOptions, intervalsOf } from './fill-intervals.js';
import type { Estimate, Predicted } from './result.js';
import type { Row } from './row.js';
import { ratioOf, type Statistic, statisticValue, sumOf } from './statistic.js';
import { parseTransform } from './transforms.js';

/** A model's expected rewards, in units of the reward as the evaluation makes it. */
export interface Predictions {
  /** q(x, a_k) of each logged response [M]. */
  logged: Float64Array;
  /** Mean of q(x, a) over what the target would say to each query [N]. */
  ofTarget: Float64Array;
}

/** Reads predictions, while a log is read, from one field: of each response its own, of each query the target's mean. */
export class PredictionCollector {
  readonly #field: string;
  readonly #logged: number[] = [];
  readonly #ofTarget: number[] = [];

  constructor(field: string) {
    this.#field = field;
  }

  /** @throws DataError PREDICTION_MISSING naming query and response */
  add(slate: Slate): void {
    this.#ofTarget.push(this.#numberIn(slate, `query "${slate.id}"`, "the target's mean"));
    for (const response of slate.responses) {
      this.#logged.push(this.#numberIn(response, `query "${slate.id}", response "${response.id}"`, "the response's"));
    }
  }

  result(): Predictions {
    return { logged: Float64Array.from(this.#logged), ofTarget: Float64Array.from(this.#ofTarget) };
  }

  #numberIn(record: Slate | Slate['responses'][number], where: string, whose: string): number {
    const value = Object.hasOwn(record, this.#field) ? record[this.#field] : undefined;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw new DataError(
      'PREDICTION_MISSING',
      `${where}: expected ${whose} predicted reward, a finite number, in the field "${this.#field}"; ` +
        `got ${describeValue(value)}. Leave --prediction out, or predict every response and query.`,
    );
  }
}

/**
 * The utility with a model of the reward, beside the decomposed row under 'none' whose weights h and diversity these rows share:
 *
 *     dm     lambda_cu K_i q(x_i, pi)
 *     dr     lambda_cu [ K_i q(x_i, pi) + sum_k h_ik (r_ik - q_ik) ]       (Dudik, Langford & Li, ICML 2011)
 *     sndr   the same with the sum divided by the mean of h
 *
 * 'dr' is right where either the propensities or the predictions are; its variance is that of the residuals, not of the rewards.
 *
 * @throws UsageError OPTION unless the row has form 'soft': in the others utility has a factor that no prediction of r knows
 */
export async function estimateWithPredictions(
  columns: LogColumns,
  predictions: Predictions,
  { estimate, statistics }: Row,
  options: IntervalsOptions,
): Promise<Predicted[]> {
  if (estimate.form !== 'soft') {
    throw new UsageError(
      'OPTION',
      `Option prediction goes with form soft, in which utility is the reward itself; got form ${estimate.form}.`,
    );
  }
  const utilities = utilitiesOf(columns, predictions, estimate, statistics !== null);
  const totals = utilities.map(({ utility }) => (statistics ? sumOf(utility, statistics.diversity) : utility));
  const all = [...utilities.map(({ utility }) => utility), ...totals];
  const intervals = await intervalsOf(columns, all, options);
  return utilities.map(({ estimator, utility }, u): Predicted => {
    const total = intervals[utilities.length + u];
    return {
      estimator,
      value: statistics ? statisticValue(totals[u]!) : null,
      interval: statistics ? (total?.interval ?? null) : null,
      utility: statisticValue(utility),
      utilityInterval: intervals[u]?.interval ?? null,
      utilityError: intervals[u]?.standardError ?? null,
      verdict: estimator === 'dm' ? 'caution' : estimate.verdict,
    };
  });
}

function utilitiesOf(
  columns: LogColumns,
  { logged, ofTarget }: Predictions,
  { lambdaCu, reduction, transform }: Estimate,
  weighted: boolean,
): { estimator: Predicted['estimator']; utility: Statistic }[] {
  const { offsets, queryWeight: omega, reward } = columns;
  const size = omega.map((_, i) => offsets[i + 1]! - offsets[i]!);
  const factor = omega.map((w, i) => (lambdaCu * w) / (reduction === 'mean' ? size[i]! : 1));
  const direct = ratioOf(
    ofTarget.map((q, i) => factor[i]! * size[i]! * q),
    omega,
  );
  if (!weighted) return [{ estimator: 'dm', utility: direct }];
  const log = { ...normalised(columns, 'none'), reward, slateOffsets: offsets };
  const { weights } = importanceWeights({ ...log, level: 'response', transform: parseTransform(transform) });
  const sumPerSlate = (of: (k: number) => number) =>
    omega.map((_, i) => {
      let total = 0;
      for (let k = offsets[i]!; k < offsets[i + 1]!; k++) total += of(k);
      return total;
    });
  const residuals = sumPerSlate((k) => weights[k]! * (reward[k]! - logged[k]!)).map((x, i) => factor[i]! * x);
  const slateWeights = sumPerSlate((k) => weights[k]!).map((h, i) => omega[i]! * h);
  const sizes = size.map((k, i) => omega[i]! * k);
  const normalisedResiduals: Statistic = {
    numerator: residuals,
    multipliers: [sizes],
    denominators: [slateWeights, omega],
  };
  return [
    { estimator: 'dm', utility: direct },
    { estimator: 'dr', utility: sumOf(direct, ratioOf(residuals, omega)) },
    { estimator: 'sndr', utility: sumOf(direct, normalisedResiduals) },
  ];
}

import { describeValue, UsageError } from '../../errors.js';
import { studentTQuantile } from '../special-functions.js';
import { meanOf, standardError } from '../statistic.js';
import { biasOfTransform } from './bias.js';
import { definitionOf, lambdaOf, type ScalarDefinition } from './definitions.js';
import { appliedWeights, assemble, type EstimateOptions, type ScalarEstimate } from './estimate.js';
import { columnsOf, type ScalarColumns, type ScalarLog } from './input.js';
import { transforms } from './transforms.js';

/** The lambdas, and the rule that chooses among them. */
export interface TuneOptions extends Omit<EstimateOptions, 'lambda'> {
  /** The lambdas to choose from. */
  lambdas: readonly number[];
  /** 'slope' (default) or 'mse'. */
  method?: 'slope' | 'mse' | undefined;
  /** Probability with which half-widths and bias bounds fail; 0.1 by default. */
  delta?: number | undefined;
  /** For 'mse': use an upper bound of the bias (default) or the estimated bias itself. */
  biasBound?: boolean | undefined;
}

/** One lambda that was tried, with the value it gives. */
export interface Candidate {
  lambda: number;
  value: number;
  /** slope: half-width of the value's interval; mse: the estimated mean squared error. */
  score: number;
}

/** The lambda that was chosen, its estimate, and all candidates. */
export interface Tuned {
  lambda: number;
  estimate: ScalarEstimate;
  /** From the least transformed weights to the most for clip and switch, the other way round for the others. */
  candidates: Candidate[];
}

/**
 * Chooses the lambda of an estimator from the log itself (ips, dr, switch-dr, dros, sg-ips, sg-dr, power-ips).
 *
 * - 'slope' (Su, Srinath & Krishnamurthy, "Adaptive estimator selection for off-policy evaluation", ICML 2020): candidates from
 *   wide to narrow intervals, as long as each lies within reach of all before it.
 * - 'mse': the least var(x) / n + bias^2 (see `biasOfTransform`).
 *
 * @throws as `estimate`; UsageError ESTIMATE_OPTION for no lambdas, another method, and estimators without a lambda or self-normalised
 */
export function tune(log: ScalarLog, name: string, options: TuneOptions): Tuned {
  const definition = definitionOf(name);
  const { lambdas, method = 'slope', delta = 0.1, biasBound = true } = options;
  requireTunable(name, definition, lambdas);
  if (!(delta > 0 && delta < 1)) throw wrong('delta', 'a number between 0 and 1', delta);
  const columns = columnsOf(log, name, definition, options);
  const tried = inOrder(
    lambdas.map((lambda) => lambdaOf(name, definition, lambda)),
    definition,
  ).map((lambda) => ({ lambda, estimate: assemble(columns, name, definition, lambda) }));
  if (method === 'slope') {
    return choose(
      tried,
      tried.map(({ estimate }) => halfWidth(estimate, delta)),
      bySlope,
    );
  }
  if (method !== 'mse') throw wrong('method', "'slope' or 'mse'", method);
  const bound = biasBound ? delta : undefined;
  return choose(
    tried,
    tried.map(({ lambda, estimate }) => meanSquaredError(columns, definition, lambda, estimate, bound)),
    (scores) => scores.indexOf(Math.min(...scores)),
  );
}

type Tried = { lambda: number; estimate: ScalarEstimate };

function choose(tried: Tried[], scores: number[], rule: (scores: number[], values: number[]) => number): Tuned {
  const values = tried.map(({ estimate }) => estimate.value);
  const best = tried[rule(scores, values)]!;
  const candidates = tried.map(({ lambda }, i) => ({ lambda, value: values[i]!, score: scores[i]! }));
  return { lambda: best.lambda, estimate: best.estimate, candidates };
}

/** One-sided Student t bound, as a distance. */
function halfWidth({ contributions }: ScalarEstimate, delta: number): number {
  return studentTQuantile(1 - delta, contributions.length - 1) * standardError(meanOf(contributions));
}

function meanSquaredError(
  columns: ScalarColumns,
  definition: ScalarDefinition,
  lambda: number,
  { contributions }: ScalarEstimate,
  delta: number | undefined,
): number {
  const n = contributions.length;
  // The population variance over n is (n - 1) / n times the squared standard error.
  const variance = (standardError(meanOf(contributions)) ** 2 * (n - 1)) / n;
  const transformed = appliedWeights(columns, definition, lambda)!;
  return variance + biasOfTransform(columns.weights!, transformed, columns.residuals!, delta) ** 2;
}

/** Index of the last candidate, from wide to narrow, that is within reach of all before it. */
function bySlope(widths: number[], values: number[]): number {
  const reach = Math.sqrt(6) - 1;
  // From wide to narrow; among equals the later one comes first, as in the published order.
  const order = [...widths.keys()].sort((i, j) => widths[j]! - widths[i]! || j - i);
  const fails = order.findIndex((i, rank) =>
    order.slice(0, rank).some((j) => Math.abs(values[j]! - values[i]!) > widths[i]! + reach * widths[j]!),
  );
  return order[fails < 0 ? order.length - 1 : fails - 1]!;
}

/** Ties go to the first: the least transformed of clip and switch, the most transformed of the others. */
function inOrder(lambdas: number[], { transform }: ScalarDefinition): number[] {
  const descending = transform === 'clip' || transform === 'switch';
  return lambdas.toSorted((a, b) => (a === b ? 0 : a < b === descending ? 1 : -1));
}

function requireTunable(name: string, { transform, selfNormalised }: ScalarDefinition, lambdas: readonly number[]) {
  if (!transform || !transforms[transform].lambda || selfNormalised) {
    throw new UsageError(
      'ESTIMATE_OPTION',
      `Estimator ${name} cannot be tuned: it has no lambda, or is self-normalised.`,
    );
  }
  if (!Array.isArray(lambdas) || lambdas.length === 0) throw wrong('lambdas', 'a list of at least one lambda', lambdas);
}

function wrong(option: string, expected: string, value: unknown): UsageError {
  return new UsageError(
    'ESTIMATE_OPTION',
    `Option ${option} of tune must be ${expected}, not ${describeValue(value)}.`,
  );
}

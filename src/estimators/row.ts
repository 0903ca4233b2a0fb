/** @file One row of an evaluation: one estimator under one normalisation, without its intervals. */
import { NativeError } from '../errors.js';
import {
  importanceWeights,
  type SlateLog,
  type SlateValue,
  slateValue,
  type Transform,
  type WeightLevel,
} from '../native/objective.js';
import { type LogColumns, normalised } from './columns.js';
import { weightDiagnostics } from './diagnostics.js';
import type { Estimate, EstimatorName, Form, Normalisation, Reduction, Verdict, WeightHistogram } from './result.js';
import { ratioOf, type Statistic, standardError, statisticValue } from './statistic.js';
import { sum } from './sum.js';
import { formatTransform } from './transforms.js';
import { type Evidence, judge, type ScoreFacts } from './verdict.js';
import { weightHistogram } from './weight-histogram.js';

export interface RowOptions {
  estimator: EstimatorName;
  normalise: Normalisation;
  form: Form;
  lambdaCu: number;
  lambdaDiv: number;
  reduction: Reduction;
  /** The bound takes none. */
  transform: Transform;
  /** Report the self-normalised figures in place of the plain ones; the bound has none. */
  selfNormalise: boolean;
  /** For the verdict. */
  scores: ScoreFacts;
}

/** What intervals are made for. */
export interface RowStatistics {
  value: Statistic;
  utility: Statistic;
  diversity: Statistic;
  /** The value with reduction 'mean'. */
  perResponse: Statistic;
  /** Null for the bound. */
  selfNormalised: Statistic | null;
}

export interface Row {
  estimate: Estimate;
  /** Null where a weight overflows: there is no value then. */
  statistics: RowStatistics | null;
  /** Then the query with the largest weight. */
  overflow: { query: string; logWeight: number } | null;
  weights: WeightHistogram;
}

/** A double ends at exp(709.78). */
const MAX_LOG_WEIGHT = 709;
const LEVELS = { slate: 'slate', decomposed: 'response', bound: 'geometric' } as const satisfies Record<
  EstimatorName,
  WeightLevel
>;
const IDENTITY: Transform = { name: 'identity', value: 0 };

export function estimateRow(columns: LogColumns, rowOptions: RowOptions): Row {
  const { estimator, normalise } = rowOptions;
  const options = estimator === 'bound' ? { ...rowOptions, transform: IDENTITY } : rowOptions;
  const log: SlateLog = {
    ...normalised(columns, normalise),
    reward: columns.reward,
    slateOffsets: columns.offsets,
    queryWeight: columns.queryWeight,
  };
  const level = LEVELS[estimator];
  const logWeights = untransformedLogWeights(log, level);
  const weights = transformedWeights(log, level, options.transform, logWeights);
  const contributions = weights && contributionsOf(log, options);
  const statistics = weights && contributions && rowStatistics(log, contributions, weights, options);
  const figure = (statistic: Statistic | null | undefined) => (statistic ? finite(statisticValue(statistic)) : null);
  const value = figure(statistics?.value);
  const utility = figure(statistics?.utility);
  const diversity = figure(statistics?.diversity);
  const error = statistics && finite(standardError(statistics.value));
  const sample = {
    logWeights,
    transformed: weights ? weights.map(Math.log) : logWeights,
    offsets: level === 'response' ? columns.offsets : columns.offsets.map((_, i) => i),
    queryWeight: columns.queryWeight,
    logClip: options.transform.name === 'clip' ? Math.log(options.transform.value) : null,
  };
  const diagnostics = {
    ...weightDiagnostics(sample),
    clippingBias: contributions && clippingBias(log, contributions, options),
  };
  const estimand = normalise === 'none' ? 'value' : 'normalised';
  const { length: queries } = columns.queryIds;
  const evidence: Evidence = {
    ...{ estimator, normalise, estimand, queries, value, diagnostics },
    scores: options.scores,
    standardError: error,
  };
  const estimate: Estimate = {
    estimator,
    normalise,
    estimand,
    form: options.form,
    transform: formatTransform(options.transform),
    lambdaCu: options.lambdaCu,
    lambdaDiv: options.lambdaDiv,
    reduction: options.reduction,
    value,
    valuePerResponse: figure(statistics?.perResponse),
    utility,
    diversity,
    utilityShare: utilityShare(utility, diversity),
    selfNormalised: figure(statistics?.selfNormalised),
    standardError: error,
    interval: null,
    utilityInterval: null,
    diversityInterval: null,
    selfNormalisedInterval: null,
    diagnostics,
    ...judge({ ...evidence, ...(estimator === 'bound' ? { responses: responseVerdict(log, evidence) } : {}) }),
  };
  return {
    estimate,
    statistics,
    overflow: statistics ? null : largestWeight(logWeights, columns, level),
    weights: { estimator, normalise, ...weightHistogram(sample) },
  };
}

/** What the untransformed weights of the responses would say of a decomposed value. */
function responseVerdict(log: SlateLog, evidence: Evidence): Verdict {
  const logWeights = untransformedLogWeights(log, 'response');
  const { slateOffsets: offsets, queryWeight } = log;
  const diagnostics = weightDiagnostics({
    ...{ logWeights, transformed: logWeights, offsets, logClip: null },
    queryWeight: queryWeight!,
  });
  return judge({ ...evidence, estimator: 'decomposed', diagnostics: { ...diagnostics, clippingBias: null } }).verdict;
}

/** log w per unit: log-weights need no transform, and with clipping none is too large to be asked for. */
function untransformedLogWeights(log: SlateLog, level: WeightLevel): Float64Array {
  return importanceWeights({ ...log, level, transform: { name: 'clip', value: 1 } }).logWeights;
}

/** h(w) per unit; null where a weight is too large for a number and is not clipped. */
function transformedWeights(
  log: SlateLog,
  level: WeightLevel,
  transform: Transform,
  logWeights: Float64Array,
): Float64Array | null {
  if (transform.name !== 'clip' && logWeights.some((value) => value > MAX_LOG_WEIGHT)) return null;
  return importanceWeights({ ...log, level, transform }).weights;
}

/** Contributions of the slates with reduction 'sum'; null where one is too large for a number. */
function contributionsOf(log: SlateLog, options: RowOptions): SlateValue | null {
  try {
    return slateValue(log, { ...options, reduction: 'sum' });
  } catch (error) {
    // The inputs are finite: only a weight, or its product with a reward, can be too large.
    if (error instanceof NativeError && ['WEIGHT_OVERFLOW', 'NON_FINITE'].includes(error.code)) return null;
    throw error;
  }
}

/** docs/theory.md section 4: plain and self-normalised values as functions of sums over queries. */
function rowStatistics(
  { slateOffsets, queryWeight }: SlateLog,
  { contributions, utilities, diversities }: SlateValue,
  weights: Float64Array,
  { estimator, reduction, selfNormalise }: RowOptions,
): RowStatistics {
  const omega = queryWeight!;
  const size = omega.map((_, i) => slateOffsets[i + 1]! - slateOffsets[i]!);
  const weightSums = estimator === 'decomposed' ? sumOverSlates(weights, slateOffsets) : weights;

  const reduced = (x: Float64Array, reduce: Reduction) =>
    reduce === 'sum' ? x : x.map((value, i) => value / size[i]!);
  const plain = (x: Float64Array, reduce: Reduction): Statistic => ratioOf(times(omega, reduced(x, reduce)), omega);
  const normalisedByWeights = (x: Float64Array, reduce: Reduction): Statistic => {
    const { numerator } = plain(x, reduce);
    if (estimator === 'slate') return ratioOf(numerator, times(omega, weightSums));
    if (reduce === 'mean') return ratioOf(numerator, times(omega, reduced(weightSums, 'mean')));
    // sum omega x / sum omega sum_k rho, times the weighted mean of K.
    return { numerator, multipliers: [times(omega, size)], denominators: [times(omega, weightSums), omega] };
  };
  const shown = selfNormalise && estimator !== 'bound' ? normalisedByWeights : plain;
  return {
    value: shown(contributions, reduction),
    utility: shown(utilities, reduction),
    diversity: shown(diversities, reduction),
    perResponse: shown(contributions, 'mean'),
    selfNormalised: estimator === 'bound' ? null : normalisedByWeights(contributions, reduction),
  };
}

/** Plain value without clipping minus plain value with it; null where it overflows. */
function clippingBias(log: SlateLog, clipped: SlateValue, options: RowOptions): number | null {
  if (options.transform.name !== 'clip') return 0;
  const unclipped = contributionsOf(log, { ...options, transform: IDENTITY });
  if (unclipped === null) return null;
  const size = (i: number) => log.slateOffsets[i + 1]! - log.slateOffsets[i]!;
  const difference = unclipped.contributions.map((x, i) => {
    return (x - clipped.contributions[i]!) / (options.reduction === 'mean' ? size(i) : 1);
  });
  return statisticValue(ratioOf(times(log.queryWeight!, difference), log.queryWeight!));
}

function utilityShare(utility: number | null, diversity: number | null): number | null {
  if (utility === null || diversity === null) return null;
  const total = Math.abs(utility) + Math.abs(diversity);
  return total === 0 ? null : Math.abs(utility) / total;
}

function largestWeight(logWeights: Float64Array, columns: LogColumns, level: WeightLevel): Row['overflow'] {
  const unit = logWeights.reduce((best, value, s) => (value > logWeights[best]! ? s : best), 0);
  const query = level === 'response' ? columns.offsets.findLastIndex((offset) => offset <= unit) : unit;
  return { query: columns.queryIds[query]!, logWeight: logWeights[unit]! };
}

function sumOverSlates(values: Float64Array, offsets: Int32Array): Float64Array {
  return Float64Array.from({ length: offsets.length - 1 }, (_, i) =>
    sum(values.subarray(offsets[i]!, offsets[i + 1]!)),
  );
}

function times(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value * b[i]!);
}

/** A self-normalised value whose weights are all 0, or the error of a single query, is no number. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

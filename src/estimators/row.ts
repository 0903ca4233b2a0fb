/** @file One row of an evaluation: one estimator under one normalisation, without its intervals. */
import type { Transform, WeightLevel } from '../native/objective.js';
import type { LogColumns } from './columns.js';
import type { Estimate, EstimatorName, Form, Normalisation, Reduction, Verdict, WeightHistogram } from './result.js';
import { RowFigures, type RowStatistics } from './row-figures.js';
import { slateParts } from './slate-parts.js';
import { type Statistic, standardError, statisticValue } from './statistic.js';
import { formatTransform } from './transforms.js';
import { type Evidence, judge, type ScoreFacts } from './verdict.js';
import { weighLog } from './weigh-log.js';

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
  signal?: AbortSignal | undefined;
}

export interface Row {
  estimate: Estimate;
  /** Null where a weight overflows, for there is no value then, and where they were asked for no longer. */
  statistics: RowStatistics | null;
  /** Then the query with the largest weight. */
  overflow: { query: string; logWeight: number } | null;
  weights: WeightHistogram;
}

const LEVELS = { slate: 'slate', decomposed: 'response', bound: 'geometric' } as const satisfies Record<
  EstimatorName,
  WeightLevel
>;
const IDENTITY: Transform = { name: 'identity', value: 0 };

/** Goes over the log block by block, so that neither its memory nor its hold on the event loop grows with the log's responses. */
export async function estimateRow(columns: LogColumns, rowOptions: RowOptions): Promise<Row> {
  const { estimator, normalise, signal } = rowOptions;
  const options = estimator === 'bound' ? { ...rowOptions, transform: IDENTITY } : rowOptions;
  const weighing = { level: LEVELS[estimator], normalise, signal };
  const weighed = await weighLog(columns, { ...weighing, transform: options.transform });
  const {
    diagnostics: ofWeights,
    histogram,
    largest,
  } = weighed ?? (await weighLog(columns, { ...weighing, transform: null }))!;
  const parts = weighed && (await slateParts(columns, normalise, options, signal));
  const figures = parts && new RowFigures(columns, parts, weighed.sums, options);
  const statistics = figures?.statistics() ?? null;
  const figure = (statistic: Statistic | null | undefined) => (statistic ? finite(statisticValue(statistic)) : null);
  const value = figure(statistics?.value);
  const utility = figure(statistics?.utility);
  const diversity = figure(statistics?.diversity);
  const error = statistics && finite(standardError(statistics.value));
  const diagnostics = { ...ofWeights, clippingBias: parts?.clippingBias ?? null };
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
    valuePerResponse: figure(figures?.perResponse()),
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
    ...judge({
      ...evidence,
      ...(estimator === 'bound' ? { responses: await responseVerdict(columns, evidence, signal) } : {}),
    }),
  };
  return {
    estimate,
    statistics,
    overflow: statistics ? null : { query: columns.queryIds[largest.slate]!, logWeight: largest.logWeight },
    weights: { estimator, normalise, ...histogram },
  };
}

/** What the untransformed weights of the responses would say of a decomposed value. */
async function responseVerdict(
  columns: LogColumns,
  evidence: Evidence,
  signal: AbortSignal | undefined,
): Promise<Verdict> {
  const { normalise } = evidence;
  const { diagnostics } = (await weighLog(columns, { level: 'response', normalise, transform: null, signal }))!;
  return judge({ ...evidence, estimator: 'decomposed', diagnostics: { ...diagnostics, clippingBias: null } }).verdict;
}

function utilityShare(utility: number | null, diversity: number | null): number | null {
  if (utility === null || diversity === null) return null;
  const total = Math.abs(utility) + Math.abs(diversity);
  return total === 0 ? null : Math.abs(utility) / total;
}

/** A self-normalised value whose weights are all 0, or the error of a single query, is no number. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Estimators of the pluralistic value, intervals, diagnostics and verdict: 'pope-native/estimators'. */
export type { SlateLog } from '../data/slate.js';
export { type CompareOptions, compare } from './compare/compare.js';
export {
  type ComparedPair,
  type ComparedPolicy,
  type Comparison,
  comparison as comparisonSchema,
} from './compare/result.js';
export { evaluate } from './evaluate.js';
export {
  INTERVAL_METHODS,
  type IntervalInput,
  type IntervalMethod,
  type IntervalOptions,
  interval,
  QUERY_INTERVALS,
  type QueryInterval,
} from './intervals.js';
export type { EvaluateOptions, EvaluationProgress } from './options.js';
export {
  type AcrossGroups,
  type Estimate,
  type Evaluation,
  evaluation as evaluationSchema,
  type Headline,
  type Interval,
} from './result.js';
export {
  type CrossFitOptions,
  type CrossFitted,
  crossFit,
  crossFitActions,
  type FeatureLog,
} from './reward-models/cross-fit.js';
export {
  fitRewardModel,
  REWARD_MODELS,
  type RewardModel,
  type RewardModelKind,
  type RewardModelOptions,
  type RewardRows,
} from './reward-models/fit.js';
export { SCALAR_ESTIMATORS, type ScalarEstimatorName } from './scalar/definitions.js';
export { type EstimateOptions, estimate, estimateValue, type ScalarEstimate } from './scalar/estimate.js';
export type { ScalarLog } from './scalar/input.js';
export {
  estimateLoggers,
  LOGGER_COMBINATIONS,
  type LoggerCombination,
  type LoggersLog,
  type LoggersOptions,
} from './scalar/loggers.js';
export { type EmbeddingLog, estimateMarginal } from './scalar/marginal.js';
export {
  estimateRanked,
  RANKED_ESTIMATORS,
  type RankedEstimatorName,
  type RankedLog,
  type RankedProbabilities,
} from './scalar/ranked.js';
export { estimateSets, SET_ESTIMATORS, type SetEstimatorName, type SetLog, type SetOptions } from './scalar/sets.js';
export { type SavedEstimate, type StreamedWeights, StreamingEstimate } from './scalar/streaming.js';
export { type Candidate, type Tuned, type TuneOptions, tune } from './scalar/tune.js';
export { type SensitivityOptions, type SensitivityRow, sensitivity } from './sensitivity.js';
export {
  type SlateData,
  type SlateEstimate,
  type SlateEstimates,
  type SlateOptions,
  slateEstimates,
} from './slate-estimates.js';
export { formatTransform, parseTransform, type Transform, type TransformOption } from './transforms.js';

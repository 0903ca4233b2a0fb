/**
 * Metrics of generated responses (docs/metrics.md): 'pope-native/metrics'. Fractions in [0, 1] and natural units; tables
 * print x100 where the paper does.
 */

export { kendallTau, spearman } from '../estimators/rank-correlation.js';
export { plackettLuceWorths } from '../reward/plackett-luce.js';
export { alignScores, type ContextAndClaim } from './align-score.js';
export { type BleuOptions, bleu } from './bleu.js';
export * from './capability/index.js';
export { adjustedRand, normalizedMutualInformation } from './cluster-agreement.js';
export { type CoverageOptions, type GroupCoverage, overtonCoverage, pluralisticCoverage } from './coverage.js';
export { jensenShannonDistance, totalVariation } from './distances.js';
export { type DistinctOptions, distinct, ngramCounts } from './distinct.js';
export { type AlignmentOptions, distributionalAlignment, referenceShares } from './distributional-alignment.js';
export { entropy, type NormalizedEntropyOptions, normalizedEntropy } from './entropy.js';
export { helpfulness } from './helpfulness.js';
export { type MetricInterval, type MetricIntervalOptions, metricInterval, resampledInterval } from './intervals.js';
export { bradleyTerryLogLikelihood, plackettLuceLogLikelihood } from './likelihood.js';
export { type MeasureOptions, measure } from './measure/measure.js';
export type { Measurement, Measurements } from './measure/result.js';
export { type Tokenize, type TokenOptions, whitespaceTokens } from './ngrams.js';
export { pairwiseDiversity } from './pairwise-diversity.js';
export { plScore } from './pl-score.js';
export { type PooledOptions, pooledContributions } from './pooled.js';
export { distinctContributions } from './pooled-distinct.js';
export { selfBleuContributions } from './pooled-self-bleu.js';
export { relevance } from './relevance.js';
export { type SelfBleuOptions, selfBleu, selfBleuOfTexts } from './self-bleu.js';
export { cosineSimilarity, type Similarity } from './similarity.js';

import type { MetricName } from './result.js';

/** What the paper prints times 100. */
export const HUNDREDFOLD = new Set<MetricName>(['helpfulness', 'relevance', 'distinct1', 'distinct2']);

/** For people. */
export const METRIC_NAMES: Record<MetricName, string> = {
  plScore: 'PL-Score',
  plScoreMax: 'PL-Score, best response',
  pluralisticCoverage: 'Pluralistic Coverage',
  opinionCoverage: 'Coverage of opinions',
  distributionalAlignment: 'Distributional Alignment',
  totalVariation: 'Total variation to the votes',
  jensenShannonDistance: 'Jensen-Shannon distance to the votes',
  helpfulness: 'Helpfulness (x100)',
  relevance: 'Relevance (x100)',
  diversity: 'Diversity',
  distinct1: 'Distinct-1 (x100)',
  distinct2: 'Distinct-2 (x100)',
  selfBleu: 'Self-BLEU, all responses',
  selfBleuPerQuery: 'Self-BLEU, per query',
  alignScore: 'AlignScore',
  perplexity: 'Fluency (perplexity)',
};

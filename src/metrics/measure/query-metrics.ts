import { type GroupCoverage, overtonCoverage, pluralisticCoverage } from '../coverage.js';
import { jensenShannonDistance, totalVariation } from '../distances.js';
import { distributionalAlignment, referenceShares } from '../distributional-alignment.js';
import { helpfulness } from '../helpfulness.js';
import { pairwiseDiversity } from '../pairwise-diversity.js';
import { plScore } from '../pl-score.js';
import { voteShares } from '../reference-weights.js';
import { relevance } from '../relevance.js';
import { cosineSimilarity } from '../similarity.js';
import type { ReferenceVotes } from './references.js';
import type { MetricName } from './result.js';

export interface CoverageSettings {
  tau: number;
  k: number | undefined;
}

export interface QueryVectors {
  query: Float32Array;
  references: readonly Float32Array[];
  generated: readonly Float32Array[];
}

/** The metrics of one query that need embeddings. */
export function queryMetrics(
  { query, references, generated }: QueryVectors,
  { votes, groups, opinions }: ReferenceVotes,
  coverage: CoverageSettings,
): { metrics: Partial<Record<MetricName, number>>; groups: GroupCoverage[] } {
  const similarity = cosineSimilarity(generated, references);
  const shares = referenceShares(similarity);
  const people = voteShares(votes, references.length);
  return {
    metrics: {
      plScore: plScore(similarity, votes),
      plScoreMax: plScore(similarity, votes, { aggregate: 'max' }),
      pluralisticCoverage: pluralisticCoverage(similarity, coverage),
      opinionCoverage:
        opinions === null ? Number.NaN : pluralisticCoverage(similarity, { ...coverage, clusters: opinions }),
      distributionalAlignment: distributionalAlignment(similarity),
      totalVariation: totalVariation(shares, people),
      jensenShannonDistance: jensenShannonDistance(shares, people),
      helpfulness: helpfulness(similarity, votes),
      relevance: relevance(cosineSimilarity(generated, [query])),
      diversity: pairwiseDiversity(cosineSimilarity(generated, generated)),
    },
    groups: overtonCoverage(similarity, groups, coverage),
  };
}

/** @file How good a policy's samples are, from the truth of the world alone. */
import { describeValue, UsageError } from '../../../errors.js';
import { distinctPairs, missAmong, type OpinionMetrics, opinionMetrics } from './metrics.js';
import type { TextQuery } from './queries.js';
import type { TextWorld } from './text-world.js';

/** A mean over queries with its standard error, from the deviation between queries: that of sampling is part of it. */
export interface Measured {
  mean: number;
  standardError: number;
}

/** The metrics of samples; `distinct2` is the share of distinct word pairs among the answers to one query. */
export interface SampleMetrics extends Omit<OpinionMetrics, 'coverage50'> {
  /** Null where some query has fewer than 50 samples. */
  coverage50: number | null;
  distinct2: number;
}

export interface QueryJudgement extends SampleMetrics {
  query: string;
  samples: number;
  /** Share of the samples that express each group's opinion validly, in the order of the query's groups. */
  expressed: number[];
}

export type Judgement = { [name in keyof Omit<SampleMetrics, 'coverage50'>]: Measured } & {
  coverage50: Measured | null;
  /** For paired comparisons. */
  queries: QueryJudgement[];
};

const FEWEST_SAMPLES = 6;

/**
 * Utility, signal and validity of every sample are exact, coverage is estimated without bias by drawing from the samples
 * without replacement; total variation and entropy are those of the samples, which lie above and below the policy's.
 *
 * @throws UsageError SAMPLES where there is no query, or one with fewer than 6 samples
 */
export function judgeSamples(world: TextWorld, samples: ReadonlyMap<string, readonly string[]>): Judgement {
  if (samples.size === 0) throw new UsageError('SAMPLES', 'expected samples of at least one query, got none');
  const queries = [...samples].map(([id, texts]) => judgeQuery(world, world.query(id), texts));
  const measure = (name: keyof SampleMetrics) => meanOf(queries.map((query) => query[name]!));
  return {
    utility: measure('utility'),
    signal: measure('signal'),
    coverage6: measure('coverage6'),
    coverage50: queries.every(({ coverage50 }) => coverage50 !== null) ? measure('coverage50') : null,
    weightedCoverage6: measure('weightedCoverage6'),
    totalVariation: measure('totalVariation'),
    invalidShare: measure('invalidShare'),
    groupEntropy: measure('groupEntropy'),
    distinct2: measure('distinct2'),
    queries,
  };
}

function judgeQuery(world: TextWorld, query: TextQuery, texts: readonly string[]): QueryJudgement {
  const total = texts.length;
  if (total < FEWEST_SAMPLES) {
    const message = `query ${describeValue(query.id)}: expected at least ${FEWEST_SAMPLES} samples, got ${total}`;
    throw new UsageError('SAMPLES', message);
  }
  const counts = query.groups.map(() => 0);
  let utility = 0;
  let signal = 0;
  for (const text of texts) {
    const { group } = world.parse(query.id, text);
    if (group !== null) counts[group]!++;
    utility += world.utility(query.id, text) / total;
    signal += world.expectedSignal(query.id, text) / total;
  }
  const expressed = counts.map((count) => count / total);
  const metrics = opinionMetrics({
    shares: query.groups.map(({ share }) => share),
    expressed,
    utility,
    signal,
    miss: (group, n) => missAmong(counts[group]!, total, Math.min(n, total)),
  });
  const coverage50 = total < 50 ? null : metrics.coverage50;
  return { query: query.id, samples: total, expressed, ...metrics, coverage50, distinct2: distinctPairs(texts) };
}

/** The standard error of one value is not known: 0 degrees of freedom give NaN. */
function meanOf(values: readonly number[]): Measured {
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  const squares = values.reduce((total, value) => total + (value - mean) ** 2, 0);
  return { mean, standardError: Math.sqrt(squares / (values.length - 1) / values.length) };
}

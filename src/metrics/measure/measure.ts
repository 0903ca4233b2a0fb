import { queryText } from '../../data/query-text.js';
import type { Slate } from '../../data/slate.js';
import type { Encoder } from '../../encoders/encoder.js';
import { DataError } from '../../errors.js';
import type { TransformerEncoder } from '../../models/encoder.js';
import { diagnose } from '../../native/doctor.js';
import type { Generations } from '../../policy/generations.js';
import type { Policy } from '../../policy/policy.js';
import { alignScores } from '../align-score.js';
import { distinct } from '../distinct.js';
import type { MetricIntervalOptions } from '../intervals.js';
import { meanWithInterval } from '../mean-with-interval.js';
import { distinctContributions } from '../pooled-distinct.js';
import { selfBleuContributions } from '../pooled-self-bleu.js';
import { selfBleu } from '../self-bleu.js';
import type { Contributions } from './contributions.js';
import { negativeLogLikelihoods } from './perplexity.js';
import { queryMetrics } from './query-metrics.js';
import { referenceVotes } from './references.js';
import { METRICS, type Measurement, type Measurements, type MetricName } from './result.js';

/** What the metrics of docs/metrics.md are measured with. */
export interface MeasureOptions {
  encoder: Encoder;
  /** A reference is covered from this similarity on; default 0.8. */
  tau?: number | undefined;
  /** Only the first k responses count for coverage; default all. */
  k?: number | undefined;
  /** A classifier for AlignScore. */
  alignScore?: TransformerEncoder | undefined;
  /** A model that no method trained from, whose perplexity of the responses is their fluency. */
  fluency?: Policy | undefined;
  alpha?: number | undefined;
  resamples?: number | undefined;
  seed?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called with the queries measured so far. */
  onProgress?: ((progress: { queries: number }) => void) | undefined;
  /** Is given what each metric is made of, to compare it with that of another policy on the same queries. */
  onContributions?: ((metric: MetricName, contributions: Contributions) => void) | undefined;
}

/** Queries that are embedded together. */
const QUERIES_AT_ONCE = 32;

/**
 * Every metric of a policy's generations for the queries of a log, with intervals over queries. The log's responses are the
 * references, their signals the votes. Queries without generations are left out, and counted in a warning.
 *
 * Source of the formulas: docs/theory.md section 8.
 * @throws DataError GENERATIONS_OF_ANOTHER_LOG when no query of the log has any; what encoder, classifier and policy throw
 */
export async function measure(
  log: AsyncIterable<Slate>,
  { policy, texts }: Generations,
  options: MeasureOptions,
): Promise<Measurements> {
  const { encoder, tau = 0.8, k, alpha = 0.05, resamples, seed, signal } = options;
  const intervals: MetricIntervalOptions = {
    alpha,
    ...(resamples !== undefined && { resamples }),
    ...(seed !== undefined && { seed }),
  };
  const { slates, ungenerated } = await withGenerations(log, texts);
  if (slates.length === 0) {
    const why = 'none of its queries has a generation; are these the generations of this log?';
    throw new DataError('GENERATIONS_OF_ANOTHER_LOG', `policy "${policy}": ${why}`);
  }
  encoder.fit?.(slates.flatMap(({ responses }) => responses.map(({ text }) => text)));
  const ofQueries = new Map<MetricName, number[]>();
  const add = (metric: MetricName, value: number) => {
    if (!ofQueries.has(metric)) ofQueries.set(metric, []);
    ofQueries.get(metric)!.push(value);
  };
  const ofGroups = new Map<string, { coverage: number[]; references: number }>();
  const generated = slates.map(({ id }) => texts.get(id)!);
  for (let start = 0; start < slates.length; start += QUERIES_AT_ONCE) {
    const batch = slates.slice(start, start + QUERIES_AT_ONCE);
    const vectors = await embedQueries(batch, generated.slice(start, start + batch.length), encoder, signal);
    for (const [i, slate] of batch.entries()) {
      const { metrics, groups } = queryMetrics(vectors[i]!, referenceVotes(slate), { tau, k });
      for (const [metric, value] of Object.entries(metrics)) add(metric as MetricName, value);
      for (const { group, references, coverage } of groups) {
        const own = ofGroups.get(group) ?? { coverage: [], references: 0 };
        own.coverage.push(coverage);
        own.references += references;
        ofGroups.set(group, own);
      }
    }
    if (options.alignScore) {
      for (const score of await meanAlignScores(batch, texts, options.alignScore, signal)) add('alignScore', score);
    }
    options.onProgress?.({ queries: start + batch.length });
  }
  for (const own of generated) add('selfBleuPerQuery', own.length > 1 ? selfBleu(own) : Number.NaN);
  const measured = new Map<MetricName, Measurement>();
  const put = (metric: MetricName, contributions: Contributions, measurement: Measurement) => {
    measured.set(metric, measurement);
    options.onContributions?.(metric, contributions);
  };
  for (const [metric, values] of ofQueries) {
    put(metric, { values, weights: null }, meanWithInterval(values, intervals));
  }
  for (const [metric, of] of Object.entries<PooledMetric>(POOLED)) {
    const values = pooled(generated, of);
    const counted = { queries: slates.length, undefinedQueries: 0 };
    put(metric as MetricName, { values, weights: null }, { ...meanWithInterval(values, intervals), ...counted });
  }
  if (options.fluency) {
    const { values, weights } = await negativeLogLikelihoods(options.fluency, slates, texts, signal);
    put('perplexity', { values, weights }, exponential(meanWithInterval(values, { ...intervals, weights })));
  }
  return {
    policy,
    queries: slates.length,
    responses: generated.reduce((sum, own) => sum + own.length, 0),
    references: slates.reduce((sum, { responses }) => sum + responses.length, 0),
    encoder: { kind: encoder.kind, id: encoder.id },
    alpha,
    metrics: METRICS.flatMap((metric) => (measured.has(metric) ? [{ metric, ...measured.get(metric)! }] : [])),
    groups: Array.from(ofGroups, ([group, { coverage, references }]) => {
      return { group, references, ...meanWithInterval(coverage, intervals) };
    }),
    judge: null,
    warnings: warningsOf(encoder, slates, ungenerated),
    environment: { ...diagnose() },
  };
}

/** Metrics of all texts together, and what queries contribute to them. */
const POOLED = {
  distinct1: [(texts) => distinct(texts, 1), (slates) => distinctContributions(slates, 1)],
  distinct2: [(texts) => distinct(texts, 2), (slates) => distinctContributions(slates, 2)],
  selfBleu: [selfBleu, selfBleuContributions],
} satisfies Partial<Record<MetricName, PooledMetric>>;

type PooledMetric = [
  of: (texts: readonly string[]) => number,
  contributions: (slates: readonly (readonly string[])[]) => Float64Array,
];

function pooled(slates: readonly (readonly string[])[], [of, contributions]: PooledMetric): number[] {
  return slates.length < 2 ? [of(slates.flat())] : Array.from(contributions(slates));
}

function exponential({ value, low, high, ...counts }: Measurement): Measurement {
  const exp = (x: number | null) => (x === null ? null : Math.exp(x));
  return { value: exp(value), low: exp(low), high: exp(high), ...counts };
}

async function withGenerations(log: AsyncIterable<Slate>, texts: Generations['texts']) {
  const slates: Slate[] = [];
  let ungenerated = 0;
  for await (const slate of log) {
    if (texts.has(slate.id)) slates.push(slate);
    else ungenerated++;
  }
  return { slates, ungenerated };
}

/** One call for all texts of several queries, so that the encoder's batches are full. */
async function embedQueries(
  slates: readonly Slate[],
  generated: readonly (readonly string[])[],
  encoder: Encoder,
  signal: AbortSignal | undefined,
) {
  const parts = slates.map((slate, i) => [
    queryText(slate),
    ...slate.responses.map(({ text }) => text),
    ...generated[i]!,
  ]);
  const vectors = await encoder.embed(parts.flat(), { signal });
  return slates.map(({ responses }, i) => {
    const [query, ...rest] = vectors.splice(0, parts[i]!.length);
    return { query: query!, references: rest.slice(0, responses.length), generated: rest.slice(responses.length) };
  });
}

/** Mean over the responses of each query that have a sentence; NaN where none has. */
async function meanAlignScores(
  slates: readonly Slate[],
  texts: Generations['texts'],
  classifier: TransformerEncoder,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const examples = slates.flatMap((slate, query) =>
    texts.get(slate.id)!.map((claim) => ({ query, context: queryText(slate), claim })),
  );
  const scores = await alignScores(classifier, examples, { signal });
  return slates.map((_, query) => {
    const own = Array.from(scores).filter((score, i) => examples[i]!.query === query && !Number.isNaN(score));
    return own.reduce((sum, score) => sum + score, 0) / own.length;
  });
}

function warningsOf(encoder: Encoder, slates: readonly Slate[], ungenerated: number): Measurements['warnings'] {
  const warnings: Measurements['warnings'] = [];
  if (encoder.kind === 'lexical') {
    const message =
      'similarities are of shared words, not of meaning: not the metrics of the paper; use a sentence encoder';
    warnings.push({ code: 'LEXICAL_ENCODER', message });
  }
  if (ungenerated > 0) {
    const message = `${ungenerated} queries of the log have no generations and were left out`;
    warnings.push({ code: 'UNGENERATED_QUERIES', message });
  }
  const unvoted = slates.filter((slate) => referenceVotes(slate).votes.every((vote, _, all) => vote === all[0])).length;
  if (unvoted > 0) {
    const message = `in ${unvoted} queries all references have the same votes, or none, and weigh alike`;
    warnings.push({ code: 'EQUAL_VOTES', message });
  }
  return warnings;
}

import { queryText } from '../../data/query-text.js';
import type { Slate } from '../../data/slate.js';
import type { Encoder } from '../../encoders/encoder.js';
import type { TransformerEncoder } from '../../models/encoder.js';
import type { Generations } from '../../policy/generations.js';
import type { Policy } from '../../policy/policy.js';
import { alignScores } from '../align-score.js';
import type { GroupCoverage } from '../coverage.js';
import { selfBleu } from '../self-bleu.js';
import { negativeLogLikelihoods } from './perplexity.js';
import { queryMetrics } from './query-metrics.js';
import { referenceVotes } from './references.js';
import type { MetricName } from './result.js';

/** Queries that are embedded together. */
export const QUERIES_AT_ONCE = 32;

/** What one query contributes to the metrics that are means over queries. */
export interface QueryRecord {
  query: string;
  /** NaN where a metric is not defined; `perplexity`: its logarithm, the mean negative log-likelihood of a token [nats]. */
  metrics: Partial<Record<MetricName, number>>;
  groups: GroupCoverage[];
  /** Tokens of the responses under the model of `perplexity`; 0 without one. */
  tokens: number;
}

export interface RecordOptions {
  /** Has learnt from the texts of the log, where it learns. */
  encoder: Encoder;
  tau: number;
  k: number | undefined;
  alignScore?: TransformerEncoder | undefined;
  fluency?: Policy | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * The records of queries that have generations, in order, `QUERIES_AT_ONCE` at a time. On a CPU a record does not depend on the
 * others, so that parts of a log can be recorded apart.
 */
export async function* recordQueries(
  slates: readonly Slate[],
  texts: Generations['texts'],
  options: RecordOptions,
): AsyncGenerator<QueryRecord[]> {
  for (let start = 0; start < slates.length; start += QUERIES_AT_ONCE) {
    yield await recordBatch(slates.slice(start, start + QUERIES_AT_ONCE), texts, options);
  }
}

async function recordBatch(
  slates: readonly Slate[],
  texts: Generations['texts'],
  { encoder, tau, k, alignScore, fluency, signal }: RecordOptions,
): Promise<QueryRecord[]> {
  const vectors = await embedQueries(slates, texts, encoder, signal);
  const aligned = alignScore && (await meanAlignScores(slates, texts, alignScore, signal));
  const likelihoods = fluency && (await negativeLogLikelihoods(fluency, slates, texts, signal));
  return slates.map((slate, i) => {
    const { metrics, groups } = queryMetrics(vectors[i]!, referenceVotes(slate), { tau, k });
    const own = texts.get(slate.id)!;
    metrics.selfBleuPerQuery = own.length > 1 ? selfBleu(own) : Number.NaN;
    if (aligned) metrics.alignScore = aligned[i]!;
    if (likelihoods) metrics.perplexity = likelihoods.values[i]!;
    return { query: slate.id, metrics, groups, tokens: likelihoods?.weights[i] ?? 0 };
  });
}

/** One call for all texts of several queries, so that the encoder's batches are full. */
async function embedQueries(
  slates: readonly Slate[],
  texts: Generations['texts'],
  encoder: Encoder,
  signal: AbortSignal | undefined,
) {
  const parts = slates.map((slate) => [
    queryText(slate),
    ...slate.responses.map(({ text }) => text),
    ...texts.get(slate.id)!,
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

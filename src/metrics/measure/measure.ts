import type { Slate } from '../../data/slate.js';
import type { Encoder } from '../../encoders/encoder.js';
import { DataError } from '../../errors.js';
import type { TransformerEncoder } from '../../models/encoder.js';
import { diagnose } from '../../native/doctor.js';
import type { Generations } from '../../policy/generations.js';
import type { Policy } from '../../policy/policy.js';
import { distinct } from '../distinct.js';
import type { MetricIntervalOptions } from '../intervals.js';
import { meanWithInterval } from '../mean-with-interval.js';
import { distinctContributions } from '../pooled-distinct.js';
import { selfBleuContributions } from '../pooled-self-bleu.js';
import { selfBleu } from '../self-bleu.js';
import type { Contributions } from './contributions.js';
import { type QueryRecord, type RecordOptions, recordQueries } from './query-records.js';
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

/**
 * Every metric of a policy's generations for the queries of a log, with intervals over queries. The log's responses are the
 * references, their signals the votes. Queries without generations are left out, and counted in a warning.
 *
 * Source of the formulas: docs/theory.md section 8.
 * @throws DataError GENERATIONS_OF_ANOTHER_LOG when no query of the log has any; what encoder, classifier and policy throw
 */
export async function measure(
  log: AsyncIterable<Slate>,
  generations: Generations,
  options: MeasureOptions,
): Promise<Measurements> {
  const measured = await openMeasured(log, generations, options.encoder);
  const records: QueryRecord[] = [];
  for await (const batch of recordQueries(measured.slates, generations.texts, recordOptions(options))) {
    records.push(...batch);
    options.onProgress?.({ queries: records.length });
  }
  return summarise(measured, records, options);
}

/** With the defaults of `measure`. */
export function recordOptions({ tau = 0.8, k, ...options }: MeasureOptions): RecordOptions {
  return { ...options, tau, k };
}

/** The queries of a log that a policy has answered, and how many it has not. */
export interface Measured {
  generations: Generations;
  slates: readonly Slate[];
  ungenerated: number;
}

/** Also has the encoder learn from the log, where it learns. @throws DataError GENERATIONS_OF_ANOTHER_LOG */
export async function openMeasured(
  log: AsyncIterable<Slate>,
  generations: Generations,
  encoder: Encoder,
): Promise<Measured> {
  const { policy, texts } = generations;
  const slates: Slate[] = [];
  let ungenerated = 0;
  for await (const slate of log) {
    if (texts.has(slate.id)) slates.push(slate);
    else ungenerated++;
  }
  if (slates.length === 0) {
    const why = 'none of its queries has a generation; are these the generations of this log?';
    throw new DataError('GENERATIONS_OF_ANOTHER_LOG', `policy "${policy}": ${why}`);
  }
  encoder.fit?.(slates.flatMap(({ responses }) => responses.map(({ text }) => text)));
  return { generations, slates, ungenerated };
}

/** The result that the records of all queries, in the order of the log, come to. */
export function summarise(
  { generations: { policy, texts }, slates, ungenerated }: Measured,
  records: readonly QueryRecord[],
  { encoder, alpha = 0.05, resamples, seed, onContributions }: MeasureOptions,
): Measurements {
  const intervals: MetricIntervalOptions = {
    alpha,
    ...(resamples !== undefined && { resamples }),
    ...(seed !== undefined && { seed }),
  };
  const generated = slates.map(({ id }) => texts.get(id)!);
  const measured = new Map<MetricName, Measurement>();
  const put = (metric: MetricName, contributions: Contributions, measurement: Measurement) => {
    measured.set(metric, measurement);
    onContributions?.(metric, contributions);
  };
  for (const metric of Object.keys(records[0]!.metrics) as MetricName[]) {
    const values = records.map(({ metrics }) => metrics[metric]!);
    if (metric === 'perplexity') {
      const weights = records.map(({ tokens }) => tokens);
      put(metric, { values, weights }, exponential(meanWithInterval(values, { ...intervals, weights })));
    } else {
      put(metric, { values, weights: null }, meanWithInterval(values, intervals));
    }
  }
  for (const [metric, of] of Object.entries<PooledMetric>(POOLED)) {
    const values = pooled(generated, of);
    const counted = { queries: slates.length, undefinedQueries: 0 };
    put(metric as MetricName, { values, weights: null }, { ...meanWithInterval(values, intervals), ...counted });
  }
  return {
    policy,
    queries: slates.length,
    responses: generated.reduce((sum, own) => sum + own.length, 0),
    references: slates.reduce((sum, { responses }) => sum + responses.length, 0),
    encoder: { kind: encoder.kind, id: encoder.id },
    alpha,
    metrics: METRICS.flatMap((metric) => (measured.has(metric) ? [{ metric, ...measured.get(metric)! }] : [])),
    groups: Array.from(groupsOf(records), ([group, { coverage, references }]) => {
      return { group, references, ...meanWithInterval(coverage, intervals) };
    }),
    judge: null,
    warnings: warningsOf(encoder, slates, ungenerated),
    environment: { ...diagnose() },
  };
}

function groupsOf(records: readonly QueryRecord[]): Map<string, { coverage: number[]; references: number }> {
  const all = new Map<string, { coverage: number[]; references: number }>();
  for (const { group, references, coverage } of records.flatMap(({ groups }) => groups)) {
    const own = all.get(group) ?? { coverage: [], references: 0 };
    own.coverage.push(coverage);
    own.references += references;
    all.set(group, own);
  }
  return all;
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

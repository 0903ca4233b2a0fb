/** @file The result of `measure` and of `pope metrics --json`: one zod schema gives the type and docs/schemas/metrics.schema.json. */
import { z } from 'zod';

const bound = z.number().nullable();

export const METRICS = [
  'plScore',
  'plScoreMax',
  'pluralisticCoverage',
  'opinionCoverage',
  'distributionalAlignment',
  'totalVariation',
  'jensenShannonDistance',
  'helpfulness',
  'relevance',
  'diversity',
  'distinct1',
  'distinct2',
  'selfBleu',
  'selfBleuPerQuery',
  'alignScore',
  'perplexity',
] as const;
export type MetricName = (typeof METRICS)[number];

const measurement = z.strictObject({
  value: bound.describe('Null where no query defines it.'),
  low: bound,
  high: bound.describe('Bounds of the interval over queries; null with fewer than two queries.'),
  queries: z.int().describe('Queries that count.'),
  undefinedQueries: z.int().describe('Queries where it is not defined; they are left out.'),
});

export const judgeSummary = z.strictObject({
  model: z.string(),
  against: z.string().describe('Policy of the other generations.'),
  wins: z.int(),
  ties: z.int(),
  losses: z.int(),
  unreadable: z.int().describe('Comparisons with an answer that holds no verdict.'),
  winRate: measurement.describe('A win counts 1, a tie 1/2.'),
  orderAgreement: bound.describe('Share of the comparisons on which both orders say the same.'),
  tokens: z.strictObject({ prompt: z.int(), completion: z.int() }),
  asked: z.int(),
  reused: z.int(),
});

export const measurements = z.strictObject({
  policy: z.string(),
  queries: z.int().describe('Queries of the log that have generations.'),
  responses: z.int().describe('Generated responses.'),
  references: z.int().describe("The log's responses, which stand for what people think."),
  encoder: z.strictObject({ kind: z.enum(['model', 'endpoint', 'lexical', 'world']), id: z.string() }),
  alpha: z.number(),
  metrics: z.array(measurement.extend({ metric: z.enum(METRICS) })),
  groups: z
    .array(measurement.extend({ group: z.string(), references: z.int() }))
    .describe('Overton coverage by group: of the references that a group wrote or approved.'),
  judge: judgeSummary.nullable(),
  warnings: z.array(z.strictObject({ code: z.string(), message: z.string() })),
  environment: z.record(z.string(), z.unknown()).describe('The report of `pope doctor --json`.'),
});

/** One metric with its interval over queries. */
export type Measurement = z.infer<typeof measurement>;
/** The result of `measure`, and of `pope metrics --json`; docs/schemas/metrics.schema.json. */
export type Measurements = z.infer<typeof measurements>;
export type JudgeSummary = z.infer<typeof judgeSummary>;

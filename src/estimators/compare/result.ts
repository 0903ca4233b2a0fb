/** @file The result of `compare` and of `pope compare --json`: one zod schema gives the type and docs/schemas/compare.schema.json. */
import { z } from 'zod';
import { estimand, estimatorName, form, normalisation, reason, verdict, warning } from '../result.js';

const bounds = z.strictObject({ low: z.number(), high: z.number() });

const comparedPolicy = z.strictObject({
  policy: z.string(),
  value: z.number().nullable().describe('Null where a weight overflows; the policy is then not compared.'),
  standardError: z.number().nullable(),
  interval: bounds.nullable().describe('Of this policy alone.'),
  probabilityBest: z.number().nullable().describe('Share of the resamples in which it is the best; ties are shared.'),
  regret: z.number().nullable().describe('Best value minus its value.'),
  regretHigh: z.number().nullable().describe('Upper bound of its regret; those of all policies hold at once.'),
  possiblyBest: z.boolean().describe('No other policy is better with confidence 1 - alpha, all pairs at once.'),
  effectiveSampleSize: z.number(),
  verdict,
  reasons: z.array(reason),
});

const pair = z.strictObject({
  a: z.string(),
  b: z.string(),
  difference: z.number().describe('Value of a minus value of b, on the same queries.'),
  standardError: z.number(),
  interval: bounds.describe('Of this pair alone.'),
  simultaneous: bounds.describe('Those of all pairs hold at once (max-T).'),
  adjustedP: z.number().describe('Of no difference, adjusted for all pairs (max-T).'),
});

const agreement = z.strictObject({
  estimator: estimatorName,
  normalise: normalisation,
  selfNormalised: z.boolean(),
  spearman: z.number().nullable(),
});

/** Schema of a Comparison. */
export const comparison = z.strictObject({
  queries: z.int(),
  responses: z.int(),
  row: z
    .strictObject({
      estimator: estimatorName,
      normalise: normalisation,
      estimand,
      form,
      transform: z.string(),
      selfNormalised: z.boolean(),
    })
    .describe('What the policies are compared by.'),
  options: z.strictObject({
    reward: z.string().nullable(),
    lambdaCu: z.number(),
    lambdaDiv: z.number(),
    reduction: z.string(),
    alpha: z.number(),
    resamples: z.int(),
    seed: z.int(),
  }),
  inputs: z.strictObject({ log: z.string().nullable(), logging: z.string() }),
  policies: z.array(comparedPolicy).describe('Best first.'),
  pairs: z.array(pair),
  best: z
    .string()
    .nullable()
    .describe('The one policy that all pairs leave possible; null where there are several, or none is supported.'),
  rankStability: z.number().nullable().describe("Mean Spearman correlation of resamples' rankings with this one."),
  agreement: z.array(agreement).describe('Spearman correlation of the rankings by other rows with this one.'),
  truth: z
    .strictObject({
      spearman: z.number().nullable(),
      kendall: z.number().nullable(),
      regret: z.number().describe('True value of the truly best minus that of the policy that this log chooses.'),
    })
    .nullable(),
  verdict: verdict.describe('The worst of the policies that are possibly best.'),
  warnings: z.array(warning),
});

/** The result of `compare`, and of `pope compare --json`; docs/schemas/compare.schema.json. */
export type Comparison = z.output<typeof comparison>;
/** One policy of a comparison: its value, probability of being best, and regret. */
export type ComparedPolicy = z.output<typeof comparedPolicy>;
/** Difference of two policies, with its paired and its simultaneous interval. */
export type ComparedPair = z.output<typeof pair>;

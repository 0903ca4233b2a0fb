/** @file The result of `evaluate` and of `pope evaluate --json`: one zod schema gives the type and docs/schemas/evaluate.schema.json. */
import { z } from 'zod';

const figure = z.number().nullable();
const share = z.number().min(0).max(1);

export const estimatorName = z.enum(['slate', 'decomposed', 'bound']);
export const normalisation = z.enum(['none', 'tokens', 'bytes']);
export const estimand = z.enum(['value', 'normalised']);
export const verdict = z.enum(['reliable', 'caution', 'unreliable']);
export const form = z.enum(['expected', 'soft', 'gated']);
export const reduction = z.enum(['sum', 'mean']);

const warning = z.strictObject({ code: z.string(), message: z.string() });
const reason = warning.extend({ verdict: verdict.describe('What this reason alone would make of the verdict.') });

const interval = z
  .strictObject({ method: z.string(), low: z.number(), high: z.number(), alpha: z.number() })
  .nullable()
  .describe('Null where there is no value, or fewer than two queries or clusters.');

const diagnostics = z
  .strictObject({
    effectiveSampleSize: z.number(),
    effectiveSampleShare: share,
    maxWeight: figure,
    maxWeightShare: share,
    meanWeight: figure,
    clippedShare: share,
    clippingBias: figure.describe(
      'Unclipped value minus clipped value; 0 without clipping, null where a weight overflows.',
    ),
    paretoK: figure,
    chiSquare: figure,
    queriesWithoutSupport: z.int(),
  })
  .describe(
    'Of the weights as the estimate uses them: W over slates, rho over responses, the geometric mean for the bound.',
  );

export const estimate = z.strictObject({
  estimator: estimatorName,
  normalise: normalisation,
  estimand: estimand.describe(
    "'normalised': an index that depends on the logging policy, not the value of the target.",
  ),
  form,
  transform: z.string().describe("'identity' or NAME:VALUE."),
  lambdaCu: z.number(),
  lambdaDiv: z.number(),
  reduction,
  value: figure.describe('Null where a weight overflows, or self-normalised weights are all 0.'),
  valuePerResponse: figure.describe("The value with reduction 'mean'."),
  utility: figure,
  diversity: figure.describe('Parts of the value; for the bound they are bounds of the parts and do not add up.'),
  utilityShare: figure.describe('|utility| / (|utility| + |diversity|).'),
  selfNormalised: figure.describe('Divided by the mean weight; null for the bound.'),
  standardError: figure,
  interval,
  utilityInterval: interval,
  diversityInterval: interval,
  selfNormalisedInterval: interval,
  diagnostics,
  verdict,
  reasons: z.array(reason),
});

const headline = z.strictObject({
  estimator: estimatorName,
  normalise: normalisation,
  estimand,
  kind: z.enum(['value', 'index']),
  value: z.number().describe('An index is the self-normalised figure.'),
  interval,
  selfNormalised: figure,
  selfNormalisedInterval: interval,
  verdict,
});

const options = z.strictObject({
  estimators: z.array(estimatorName),
  normalise: z.array(normalisation),
  reward: z.string().nullable().describe('Null: share for slates with signals, plackett-luce for others.'),
  form: form.nullable().describe('Null: each estimator has its own.'),
  lambdaCu: z.number(),
  lambdaDiv: z.union([z.number(), z.literal('auto')]),
  reduction,
  transform: z.string().nullable().describe("Null: clip:10 under 'none', identity under 'tokens' and 'bytes'."),
  selfNormalise: z.boolean(),
  interval: z.string(),
  alpha: z.number(),
  resamples: z.int(),
  seed: z.int(),
  by: z.string().nullable(),
});

export const evaluation = z.strictObject({
  queries: z.int(),
  responses: z.int(),
  headline: headline.nullable().describe('Null: nothing that the log supports.'),
  options,
  inputs: z.strictObject({
    log: z.string().nullable().describe('Hash of the log; null for slates in memory.'),
    target: z.string(),
    logging: z.string().describe("'log': the log's own propensities."),
  }),
  estimates: z.array(estimate),
  groups: z.array(
    z.strictObject({ group: z.string(), queries: z.int(), responses: z.int(), estimates: z.array(estimate) }),
  ),
  verdict,
  warnings: z.array(warning),
  environment: z.record(z.string(), z.unknown()).describe('The report of `pope doctor --json`.'),
});

export type EstimatorName = z.output<typeof estimatorName>;
export type Normalisation = z.output<typeof normalisation>;
export type Estimand = z.output<typeof estimand>;
export type Verdict = z.output<typeof verdict>;
export type Form = z.output<typeof form>;
export type Reduction = z.output<typeof reduction>;
export type Warning = z.output<typeof warning>;
export type Reason = z.output<typeof reason>;
export type Interval = z.output<typeof interval>;
export type Estimate = z.output<typeof estimate>;
export type Headline = z.output<typeof headline>;
export type ResolvedOptions = z.output<typeof options>;
export type Evaluation = z.output<typeof evaluation>;

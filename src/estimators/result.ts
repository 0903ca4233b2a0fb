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
export const smallGroups = z.enum(['refuse', 'pool']);

export const warning = z.strictObject({ code: z.string(), message: z.string() });
export const reason = warning.extend({
  verdict: verdict.describe('What this reason alone would make of the verdict.'),
});

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

const predicted = z.strictObject({
  estimator: z.enum(['dm', 'dr', 'sndr']),
  value: figure.describe('This utility and the diversity of the decomposed row under none.'),
  interval,
  utility: z.number(),
  utilityInterval: interval,
  utilityError: figure.describe('Standard error of the utility.'),
  verdict: verdict.describe('That of the decomposed row; caution for dm, which nothing in the log can check.'),
});

const weightHistogram = z.strictObject({
  estimator: estimatorName,
  normalise: normalisation,
  from: z.number().describe('Lower end of the first bin of log w, nats, before any transform; w as in `diagnostics`.'),
  width: z.number().describe('Of each bin. Weights beyond exp(-10) and exp(10) are in the bins that end there.'),
  counts: z.array(z.int()).describe('Weights by bin, without the empty bins at both ends.'),
  shares: z.array(share).describe('Share of each bin in the sum of the weights that the estimate uses.'),
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
  minGroup: z.int().describe('Groups of fewer queries are small.'),
  smallGroups,
  prediction: z.string().nullable().describe('Field of responses and queries with predicted rewards.'),
});

const valueWithInterval = z.strictObject({ value: z.number(), interval });

const acrossGroups = z
  .strictObject({
    estimator: estimatorName,
    normalise: normalisation,
    estimand,
    groups: z.array(valueWithInterval.extend({ group: z.string(), share: z.number() })),
    worst: valueWithInterval.extend({ group: z.string() }),
    maximin: valueWithInterval,
    shareWeighted: valueWithInterval,
  })
  .nullable()
  .describe('Groups that are not small, side by side; their intervals and that of maximin hold all at once (max-T).');

/** Schema of an Evaluation. */
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
  predicted: z.array(predicted).describe('Values with a model of the reward; empty without predictions.'),
  weightHistograms: z.array(weightHistogram).describe('One for each estimator and normalisation.'),
  groups: z.array(
    z.strictObject({
      group: z.string(),
      share: z.number().describe('Of the judgements, responses or query weights that have a group.'),
      queries: z.int(),
      responses: z.int(),
      small: z.boolean().describe('Refused: too few queries to be compared, or printed.'),
      estimates: z.array(estimate),
    }),
  ),
  acrossGroups,
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
export type SmallGroups = z.output<typeof smallGroups>;
/** The groups of an evaluation together: the worst one, maximin and share-weighted value, with simultaneous intervals. */
export type AcrossGroups = NonNullable<z.output<typeof acrossGroups>>;
export type Warning = z.output<typeof warning>;
export type Reason = z.output<typeof reason>;
/** Bounds of an estimate, in its own units. */
export type Interval = z.output<typeof interval>;
/** One row of an evaluation: an estimator under a normalisation, with interval, diagnostics, verdict and reasons. */
export type Estimate = z.output<typeof estimate>;
export type Predicted = z.output<typeof predicted>;
export type WeightHistogram = z.output<typeof weightHistogram>;
/** The one figure that an evaluation leads with: a value where the log supports it, else an index, else nothing. */
export type Headline = z.output<typeof headline>;
export type ResolvedOptions = z.output<typeof options>;
/** The result of `evaluate`, and of `pope evaluate --json`; docs/schemas/evaluate.schema.json. */
export type Evaluation = z.output<typeof evaluation>;

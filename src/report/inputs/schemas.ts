/** @file The parts that a report reads of results which have no schema of their own in docs/schemas. */
import { z } from 'zod';
import { estimatorName, verdict, warning } from '../../estimators/result.js';

const figure = z
  .object({ mean: z.number(), interval: z.object({ low: z.number(), high: z.number() }).nullable() })
  .nullable();
const figures = z.record(z.string(), figure);

/** table.json of `pope experiment synthetic`. */
export const experimentTable = z.object({
  worlds: z.array(
    z.object({
      world: z.string(),
      seeds: z.array(z.int()),
      references: z.array(z.object({ policy: z.string(), metrics: figures })),
      rows: z.array(z.object({ method: z.string(), family: z.string(), temperature: z.number(), metrics: figures })),
      values: z.array(
        z.object({
          method: z.string(),
          value: z.object({ truth: figure, estimate: figure, limit: figure, index: figure }),
          utility: z.object({ truth: figure, estimate: figure }),
          covered: z.object({ value: z.int(), utility: z.int() }),
        }),
      ),
    }),
  ),
});

const nullableNumber = z.number().nullable();
const bounded = z.object({ value: nullableNumber, low: nullableNumber, high: nullableNumber });

/** table.json of the paper's experiments, `pope experiment rq1` and so on. */
export const paperTable = z.object({
  experiment: z.string(),
  title: z.string(),
  baseline: z.string().nullable(),
  alpha: z.number(),
  seeds: z.array(z.int()),
  embedder: z.string(),
  columns: z.array(z.object({ key: z.string(), label: z.string(), scale: z.number() })),
  rows: z.array(
    z.object({
      backbone: z.string(),
      trainedOn: z.string().nullable(),
      data: z.string(),
      method: z.string(),
      variant: z.string().nullable(),
      cells: z.record(z.string(), bounded.extend({ difference: bounded.nullable() })),
    }),
  ),
  pareto: z.array(
    z.object({
      backbone: z.string(),
      data: z.string(),
      method: z.string(),
      lambda: nullableNumber,
      temperature: z.number(),
      diversity: nullableNumber,
      plScore: nullableNumber,
    }),
  ),
  environment: z.record(z.string(), z.unknown()),
});

/** `pope simulate WORLD --study N --json`. */
export const study = z.object({
  world: z.string(),
  seeds: z.int(),
  queries: z.int(),
  interval: z.string(),
  rows: z.array(
    z.object({
      estimator: estimatorName,
      transform: z.string(),
      selfNormalised: z.boolean(),
      seeds: z.int(),
      bias: z.number(),
      variance: z.number(),
      mse: z.number(),
      coverage: z.number(),
      width: z.number(),
      verdicts: z.object({ reliable: z.number(), caution: z.number(), unreliable: z.number() }),
      coverageWhenReliable: z.number().nullable(),
    }),
  ),
});

/** `pope sensitivity --json`. */
export const sensitivity = z.object({
  rows: z.array(
    z.object({
      change: z.enum(['none', 'noise', 'factor', 'replaced']),
      amount: z.union([z.number(), z.string()]).nullable(),
      value: nullableNumber,
      lowest: nullableNumber,
      highest: nullableNumber,
      selfNormalised: nullableNumber,
      meanWeight: nullableNumber,
      effectiveSampleSize: z.number(),
      verdict,
    }),
  ),
  warnings: z.array(warning),
});

/** config.json of a training run, as far as it matters here. */
export const runConfig = z.object({
  model: z.object({ folder: z.string(), hash: z.string().nullable() }),
  log: z.string().nullable(),
  training: z.record(z.string(), z.unknown()),
});

const measured = z.object({
  value: z.number(),
  estimate: z.object({ value: z.number(), utility: z.number(), diversity: z.number() }).nullable(),
  meanWeight: nullableNumber,
  effectiveSampleShare: nullableNumber,
});

/** A line of metrics.jsonl of a training run. */
export const metricsLine = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('validation'),
    step: z.int(),
    training: measured,
    validation: measured.nullable(),
  }),
  z.object({ kind: z.literal('step'), step: z.int(), loss: z.number(), gradientNorm: z.number(), lr: z.number() }),
]);

export type ExperimentTable = z.output<typeof experimentTable>;
export type PaperTable = z.output<typeof paperTable>;
export type Study = z.output<typeof study>;
export type Sensitivity = z.output<typeof sensitivity>;
export type RunConfig = z.output<typeof runConfig>;
export type MetricsLine = z.output<typeof metricsLine>;

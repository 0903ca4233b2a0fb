/** @file The table of a study: table.json, from which reports are made (docs/schemas/study.schema.json). */
import { z } from 'zod';

const bound = z.number().nullable();

const cell = z.strictObject({
  value: bound.describe('Mean over seeds; null where it is not defined.'),
  low: bound,
  high: bound.describe('Bounds of the bootstrap interval over queries.'),
  difference: z
    .strictObject({ value: bound, low: bound, high: bound })
    .nullable()
    .describe('From the baseline, paired by query (by slate for V); null for the baseline itself and without one.'),
  seeds: z.array(bound).describe('The value under each seed.'),
  verdict: z.enum(['reliable', 'caution', 'unreliable']).nullable().describe('Of values only: the worst over seeds.'),
});

const column = z.strictObject({
  key: z.string(),
  label: z.string(),
  scale: z.number().describe('Printed times this.'),
  decimals: z.int(),
  better: z.enum(['higher', 'lower']),
});

const row = z.strictObject({
  backbone: z.string(),
  trainedOn: z.string().nullable().describe('Data set; null for a backbone as it is.'),
  data: z.string().describe('Data set whose test queries were answered.'),
  method: z.string(),
  variant: z.string().nullable().describe('What else distinguishes rows in this experiment.'),
  cells: z.record(z.string(), cell).describe('By the key of the column; columns that a row lacks are left out.'),
});

const figure = { diversity: bound, plScore: bound };

const paretoPoint = z.strictObject({
  backbone: z.string(),
  data: z.string(),
  method: z.string(),
  lambda: z.number().nullable().describe('lambdaDiv; null for methods that have none.'),
  temperature: z.number(),
  ...figure,
  isOnFront: z.boolean().describe('No other point of the same method is better in one and as good in the other.'),
  queries: z.array(z.strictObject(figure)).describe('The same of each query.'),
});

export const studyTable = z.strictObject({
  experiment: z.string(),
  title: z.string(),
  baseline: z.string().nullable(),
  alpha: z.number(),
  seeds: z.array(z.int()),
  embedder: z.string(),
  columns: z.array(column),
  rows: z.array(row),
  pareto: z.array(paretoPoint).describe('PL-Score against diversity over lambdas and temperatures (rq1).'),
  notes: z.array(z.string()).describe('What the rows say together.'),
  warnings: z.array(z.strictObject({ code: z.string(), about: z.string(), message: z.string() })),
  environment: z.record(z.string(), z.unknown()).describe('The report of `pope doctor --json`.'),
});

export type Cell = z.output<typeof cell>;
export type TableRow = z.output<typeof row>;
export type TableWarning = StudyTable['warnings'][number];
export type ParetoPoint = StudyTable['pareto'][number];
export type StudyTable = z.output<typeof studyTable>;

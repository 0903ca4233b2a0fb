import { z } from 'zod';
import { kendallTau } from '../../estimators/rank-correlation.js';
import { BUILT_IN_FIT, BUILT_IN_GENERATION, BUILT_IN_METHODS, BUILT_IN_TRAINING } from './built-in.js';
import type { ColumnKey } from './columns.js';
import { logging, metrics, studySchema } from './config.js';
import { gridTable } from './grid.js';
import { quickLogging } from './quick.js';
import { defineExperiment } from './run.js';
import type { StudyTable, TableRow } from './table.js';

const COLUMNS = [
  ...(['plScore', 'pluralisticCoverage', 'diversity', 'helpfulness', 'relevance', 'value', 'index'] as const),
] satisfies ColumnKey[];

/** Methods measured twice: as they were trained, and by an encoder, a fluency model and a pi0 that share nothing with training. */
export const independentProtocol = defineExperiment({
  name: 'independent-protocol',
  summary: 'metrics and a second pi0 that share nothing with training, beside those that do',
  schema: studySchema({
    independent: z.strictObject({
      metrics: metrics.describe('Another encoder, and a model for fluency that no method trained from.'),
      logging: logging.describe('Another logging policy, which training did not see.'),
    }),
  }),
  defaults: {
    data: [{ name: 'pluralistic', world: 'pluralistic' }],
    backbones: [{ name: 'world', world: 'pluralistic' }],
    methods: BUILT_IN_METHODS,
    training: BUILT_IN_TRAINING,
    generation: BUILT_IN_GENERATION,
    metrics: { embedder: 'world', top: 6 },
    independent: { metrics: { embedder: 'lexical', top: 6, fluency: 'world' }, logging: BUILT_IN_FIT },
    value: { lambdaDiv: 0 },
  },
  quicken: ({ independent, ...config }) => {
    return { ...config, independent: { ...independent, logging: quickLogging(independent.logging) } };
  },
  run: async (study) => {
    const { data, independent } = study.config;
    const experiment = 'independent-protocol';
    const title = 'Independent protocol';
    const columns = (fluency: string | undefined): ColumnKey[] => [
      ...COLUMNS,
      ...(fluency === undefined ? [] : (['perplexity'] as const)),
    ];
    const own = await gridTable(study, {
      ...{ experiment, title, columns: columns(study.config.metrics.fluency) },
      pairs: data.map(({ name }) => ({ train: name, test: name })),
    });
    // The same queries and slates under another name, and with the other logging policy.
    const renamed = (name: string) => `${name}-independent`;
    const again = data.map((set) => ({ ...set, name: renamed(set.name), logging: independent.logging }));
    const other = await gridTable(study.with({ data: [...data, ...again], metrics: independent.metrics }), {
      ...{ experiment, title, columns: columns(independent.metrics.fluency) },
      pairs: data.map(({ name }) => ({ train: name, test: renamed(name) })),
    });
    return {
      ...own,
      embedder: `${own.embedder}, and independently by ${other.embedder}`,
      columns: other.columns.length > own.columns.length ? other.columns : own.columns,
      rows: [...withVariant(own.rows, own.rows, 'as trained'), ...withVariant(other.rows, own.rows, 'independent')],
      warnings: [...own.warnings, ...other.warnings],
      notes: [...own.notes, ...agreements(own, other)],
    };
  },
});

/** Data sets keep the names that they have in the configuration. */
function withVariant(rows: readonly TableRow[], named: readonly TableRow[], variant: string): TableRow[] {
  return rows.map((row, i) => ({ ...row, data: named[i]!.data, variant }));
}

/** How far both protocols put the rows of a table into the same order. */
function agreements(own: StudyTable, other: StudyTable): string[] {
  const taus = own.columns.flatMap(({ key, label }) => {
    const pairs = own.rows.map((row, i) => [row.cells[key]?.value, other.rows[i]!.cells[key]?.value] as const);
    const both = pairs.filter(([a, b]) => a != null && b != null) as [number, number][];
    const tau = kendallTau(
      both.map(([a]) => a),
      both.map(([, b]) => b),
    );
    return Number.isNaN(tau) ? [] : [`${label} ${tau.toFixed(2)}`];
  });
  return [`Rank correlation (Kendall's tau-b) of the rows under both protocols: ${taus.join(', ')}.`];
}

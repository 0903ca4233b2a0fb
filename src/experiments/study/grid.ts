/** @file Rows of every backbone and method, trained on one data set and judged on one, the same or another. */
import type { Warning } from '../../estimators/result.js';
import { diagnose } from '../../native/doctor.js';
import { prepareBackbone, type StudyBackbone } from './backbone.js';
import { metricCell, winRateCell } from './cells.js';
import { changedLogging } from './changed-logging.js';
import { type Column, type ColumnKey, columnsOf } from './columns.js';
import type { MethodConfig } from './config.js';
import { prepareData, type StudyData } from './data.js';
import { generateAnswers, type StudyAnswers } from './generate.js';
import { judgeAnswers } from './judge.js';
import { loggingPolicy, type StudyLogging } from './logging.js';
import { measureAnswers, type StudyMeasured } from './measure.js';
import type { Study } from './study.js';
import type { Cell, StudyTable, TableRow, TableWarning } from './table.js';
import { type StudyModel, trainMethod } from './train.js';
import { valueCells } from './value-cells.js';

/** Where models are trained, and whose test queries they answer. */
export interface Pair {
  train: string;
  test: string;
}

/** Everything of one method under one seed. */
export interface Outcome {
  model: StudyModel;
  answers: StudyAnswers;
  measured: StudyMeasured;
}

export interface GridOptions {
  experiment: string;
  title: string;
  pairs: readonly Pair[];
  columns: readonly ColumnKey[];
  /** Where data sets are not those of `prepareData`. */
  prepare?: (name: string, backbone: StudyBackbone) => Promise<StudyData>;
  /** Further columns, and their cells for one method: by key, as far as it has them. */
  further?: { columns: readonly Column[]; cells(row: GridRow): Promise<Record<string, Cell>> } | undefined;
}

/** What a row is made of. */
export interface GridRow {
  method: MethodConfig;
  /** Of each seed. */
  own: readonly Outcome[];
  /** The same of the baseline; null for itself and without one. */
  base: readonly Outcome[] | null;
  test: StudyData;
  /** Of the test slates. */
  logging: StudyLogging;
}

/** The table of an experiment whose rows are backbones, methods and pairs of data sets. */
export async function gridTable(
  study: Study,
  { experiment, title, pairs, columns, prepare = (name) => prepareData(study, name), further }: GridOptions,
): Promise<StudyTable> {
  const keys: ColumnKey[] = study.config.judge === undefined ? [...columns] : [...columns, 'winRate'];
  const rows: TableRow[] = [];
  const warnings: TableWarning[] = [];
  let embedder = '';
  for (const { name } of study.config.backbones) {
    const backbone = await prepareBackbone(study, name);
    for (const pair of pairs) {
      const part = await gridRows(study, { backbone, pair, columns: keys, prepare, further });
      rows.push(...part.rows);
      warnings.push(...part.warnings);
      embedder = part.embedder;
    }
  }
  return {
    ...{ experiment, title, baseline: study.baseline, alpha: study.config.alpha, seeds: [...study.seeds], embedder },
    columns: [...columnsOf(keys), ...(further?.columns ?? [])],
    rows,
    pareto: [],
    notes: [],
    warnings,
    environment: { ...diagnose() },
  };
}

async function gridRows(
  study: Study,
  {
    backbone,
    pair,
    columns,
    prepare,
    further,
  }: Required<Pick<GridOptions, 'columns' | 'prepare'>> &
    Pick<GridOptions, 'further'> & { backbone: StudyBackbone; pair: Pair },
) {
  const train = await prepare(pair.train, backbone);
  const test = await prepare(pair.test, backbone);
  const trainLogging = await loggingPolicy(study, train);
  const testLogging = await loggingPolicy(study, test);
  const outcomes = new Map<string, Outcome[]>();
  const warnings = new Map<string, TableWarning>();
  const warn = (about: string, { code, message }: Warning) =>
    warnings.set(JSON.stringify([code, about]), { code, about, message });
  for (const { name, warnings } of [train, test]) for (const warning of warnings) warn(name, warning);
  for (const method of study.config.methods) {
    const own: Outcome[] = [];
    for (const seed of study.seeds) {
      study.signal?.throwIfAborted();
      const told = await changedLogging(study, train, { logging: trainLogging, change: method.propensities });
      const model = await trainMethod(study, { data: train, backbone, method, seed }, told);
      const answers = await generateAnswers(study, model, test);
      const measured = await measureAnswers(study, answers, test);
      for (const warning of measured.measurements.warnings) warn(pair.test, warning);
      for (const code of model.training?.warnings ?? [])
        warn(model.name, { code, message: 'a warning of its training' });
      own.push({ model, answers, measured });
    }
    outcomes.set(method.name, own);
  }
  const models = new Map([...outcomes].map(([method, own]) => [method, own.map(({ model }) => model)]));
  const values = await valueCells(study, models, { columns, data: test, logging: testLogging, warn });
  const rows: TableRow[] = [];
  for (const [method, own] of outcomes) {
    const cells: Record<string, Cell> = {};
    for (const column of columns) {
      const cell = await cellOf(study, column, { method, own, outcomes, values, data: test });
      if (cell !== null) cells[column] = cell;
    }
    const { baseline } = study;
    const base = baseline === null || baseline === method ? null : outcomes.get(baseline)!;
    const row = { method: study.method(method), own, base, test, logging: testLogging };
    Object.assign(cells, await further?.cells(row));
    const trainedOn = own[0]!.model.training === null ? null : pair.train;
    rows.push({ backbone: backbone.name, trainedOn, data: pair.test, method, variant: null, cells });
  }
  const { encoder } = outcomes.values().next().value![0]!.measured.measurements;
  return { rows, warnings: [...warnings.values()], embedder: encoder.id };
}

async function cellOf(
  study: Study,
  column: ColumnKey,
  {
    method,
    own,
    outcomes,
    values,
    data,
  }: {
    method: string;
    own: readonly Outcome[];
    outcomes: ReadonlyMap<string, Outcome[]>;
    values: ReadonlyMap<string, Cell>;
    data: StudyData;
  },
): Promise<Cell | null> {
  const { baseline, config } = study;
  const base = baseline === null || baseline === method ? null : outcomes.get(baseline)!;
  if (column === 'value' || column === 'index') return values.get(`${column} ${method}`) ?? null;
  if (column !== 'winRate') {
    const measured = own.map((each) => each.measured);
    return metricCell(column, measured, base?.map((each) => each.measured) ?? null, config);
  }
  if (base === null) return null;
  const summaries = [];
  for (const [i, { answers }] of own.entries()) {
    summaries.push(await judgeAnswers(study, { ours: answers, theirs: base[i]!.answers, data }));
  }
  return winRateCell(summaries);
}

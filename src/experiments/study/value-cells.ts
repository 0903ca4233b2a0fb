import type { Comparison } from '../../estimators/compare/result.js';
import type { Evaluation, Warning } from '../../estimators/result.js';
import { NORMALISE, valueCell } from './cells.js';
import type { ColumnKey } from './columns.js';
import type { StudyData } from './data.js';
import type { StudyLogging } from './logging.js';
import type { Study } from './study.js';
import type { Cell } from './table.js';
import type { StudyModel } from './train.js';
import { compareModels, evaluateModel, type StudyScores, scoreModel } from './value.js';

/** V and its index of every method, by column and method, from the models of all seeds. */
export async function valueCells(
  study: Study,
  models: ReadonlyMap<string, readonly StudyModel[]>,
  {
    columns,
    data,
    logging,
    warn,
  }: {
    columns: readonly ColumnKey[];
    data: StudyData;
    logging: StudyLogging;
    warn: (about: string, warning: Warning) => void;
  },
): Promise<Map<string, Cell>> {
  const cells = new Map<string, Cell>();
  const wanted = (['value', 'index'] as const).filter((column) => columns.includes(column));
  if (wanted.length === 0) return cells;
  const scored = new Map<string, StudyScores[]>();
  const evaluations = new Map<string, Evaluation[]>();
  for (const [method, own] of models) {
    scored.set(method, []);
    evaluations.set(method, []);
    for (const model of own) {
      const scores = await scoreModel(study, model, data);
      const evaluation = await evaluateModel(study, scores, data, logging);
      for (const warning of evaluation.warnings) warn(`${model.name} on ${data.name}`, warning);
      scored.get(method)!.push(scores);
      evaluations.get(method)!.push(evaluation);
    }
  }
  for (const column of wanted) {
    const comparisons: Comparison[] = [];
    for (const i of models.size < 2 ? [] : study.seeds.keys()) {
      const scores = new Map([...scored].map(([method, own]) => [method, own[i]!]));
      comparisons.push(await compareModels(study, scores, { data, logging, normalise: NORMALISE[column] }));
    }
    for (const [method, own] of evaluations) {
      cells.set(`${column} ${method}`, valueCell(column, own, { comparisons, method, baseline: study.baseline }));
    }
  }
  return cells;
}

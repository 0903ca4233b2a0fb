import { z } from 'zod';
import { prepareBackbone } from './backbone.js';
import { BUILT_IN_FIT, BUILT_IN_GENERATION, BUILT_IN_TRAINING, builtInMethod } from './built-in.js';
import { valueCell } from './cells.js';
import { changedLogging, namesOfChanges } from './changed-logging.js';
import { type PropensityChange, propensities, studySchema } from './config.js';
import { prepareData, type StudyData } from './data.js';
import type { GridOptions } from './grid.js';
import { loggingPolicy, type StudyLogging } from './logging.js';
import { quickChange } from './quick.js';
import { defineExperiment } from './run.js';
import type { Study } from './study.js';
import type { Cell, TableRow } from './table.js';
import { trainMethod } from './train.js';
import { evaluateModel, type StudyScores, scoreModel } from './value.js';
import { trainsWithPope, variantTable } from './variants.js';

const BELIEVED = { key: 'believed', label: 'V as believed', scale: 1, decimals: 4, better: 'higher' } as const;

/** Training and valuation by somebody who is wrong about the logging policy. */
export const propensityStress = defineExperiment({
  name: 'propensity-stress',
  summary: 'pi0 with noise, at another temperature, replaced, or fitted in sample: how training and V move',
  schema: studySchema({
    changes: z
      .array(propensities)
      .min(1)
      .default([{ noise: 0.5 }, { noise: 2 }, { factor: 0.8 }, { factor: 1.25 }])
      .describe('Of the propensities that methods of POPE are told, besides what is known of them.'),
  }),
  defaults: {
    data: [{ name: 'pluralistic', world: 'pluralistic' }],
    backbones: [{ name: 'world', world: 'pluralistic' }],
    methods: [builtInMethod('SFT', 'sft'), builtInMethod('POPE', 'pope'), builtInMethod('POPE-none', 'pope-none')],
    baseline: 'POPE',
    changes: [
      ...[{ noise: 0.5 }, { noise: 2 }, { factor: 0.8 }, { factor: 1.25 }],
      ...[{ fit: BUILT_IN_FIT }, { inSample: BUILT_IN_FIT }],
    ],
    training: BUILT_IN_TRAINING,
    generation: BUILT_IN_GENERATION,
    metrics: { embedder: 'world', top: 6 },
    value: { lambdaDiv: 0 },
  },
  quicken: (config) => ({ ...config, changes: config.changes.map(quickChange) }),
  run: async (study) => {
    const { data, changes } = study.config;
    const names = namesOfChanges(changes);
    const options: GridOptions = {
      experiment: 'propensity-stress',
      title: 'Wrong propensities',
      pairs: data.map(({ name }) => ({ train: name, test: name })),
      columns: ['value', 'plScore', 'pluralisticCoverage', 'diversity', 'relevance'],
      further: {
        columns: [BELIEVED],
        cells: async ({ method: { propensities: change }, own, test, logging }) => {
          const scores: StudyScores[] = [];
          for (const { model } of own) scores.push(await scoreModel(study, model, test));
          return { believed: await believedValue(study, { scores, data: test, logging, change }) };
        },
      },
    };
    const table = await variantTable(study, options, (method) => [
      { name: 'as known', suffix: 'known', method },
      ...changes.map((change, i) => {
        const name = names[i]!;
        return { name, suffix: name, method: { ...method, propensities: change } };
      }),
    ]);
    return { ...table, rows: [...table.rows, ...(await fixedRows(study, changes))] };
  },
});

/** V of the methods that read no propensities, when what is known of pi0 is wrong: the same models throughout. */
async function fixedRows(study: Study, changes: readonly PropensityChange[]): Promise<TableRow[]> {
  const rows: TableRow[] = [];
  const names = namesOfChanges(changes);
  for (const { name } of study.config.backbones) {
    const backbone = await prepareBackbone(study, name);
    for (const { name: set } of study.config.data) {
      const data = await prepareData(study, set);
      const logging = await loggingPolicy(study, data);
      for (const method of study.config.methods.filter((each) => !trainsWithPope(study, each))) {
        const scores: StudyScores[] = [];
        for (const seed of study.seeds) {
          scores.push(
            await scoreModel(study, await trainMethod(study, { data, backbone, method, seed }, logging), data),
          );
        }
        for (const [i, change] of changes.entries()) {
          const believed = await believedValue(study, { scores, data, logging, change });
          const trainedOn = method.training === undefined ? null : set;
          const variant = names[i]!;
          rows.push({ backbone: name, trainedOn, data: set, method: method.name, variant, cells: { believed } });
        }
      }
    }
  }
  return rows;
}

async function believedValue(
  study: Study,
  {
    scores,
    data,
    logging,
    change,
  }: { scores: readonly StudyScores[]; data: StudyData; logging: StudyLogging; change: PropensityChange | undefined },
): Promise<Cell> {
  const told = await changedLogging(study, data, { logging, change });
  const evaluations = [];
  for (const each of scores) evaluations.push(await evaluateModel(study, each, data, told));
  return valueCell('value', evaluations, { comparisons: [], method: '', baseline: null });
}

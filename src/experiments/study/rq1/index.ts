import { BUILT_IN_GENERATION, BUILT_IN_METHODS, BUILT_IN_TRAINING } from '../built-in.js';
import { gridTable } from '../grid.js';
import { defineExperiment } from '../run.js';
import { toyData } from './candidates.js';
import { paretoPoints } from './pareto.js';
import { rq1Schema } from './schema.js';

/** The controllable study: candidates of Base, valued by their nearness to references that never train. */
export const rq1 = defineExperiment({
  name: 'rq1',
  summary: 'toy: candidates of Base valued by references; PL-Score, coverage, alignment, and figure 1 over lambdas',
  schema: rq1Schema,
  defaults: {
    data: [{ name: 'pluralistic', world: 'pluralistic' }],
    backbones: [{ name: 'world', world: 'pluralistic' }],
    methods: BUILT_IN_METHODS,
    training: BUILT_IN_TRAINING,
    generation: BUILT_IN_GENERATION,
    metrics: { embedder: 'world', top: 6 },
    value: { reduction: 'mean' },
    toy: { references: 3, candidates: 12 },
    lambdas: [0, 0.03, 0.1, 0.3],
    temperatures: [0.5, 0.7],
  },
  quicken: (config) => ({
    ...config,
    toy: {
      ...config.toy,
      prompts: Math.min(config.toy.prompts ?? 60, 60),
      candidates: Math.min(config.toy.candidates, 4),
    },
    lambdas: config.lambdas.slice(0, 2),
    temperatures: config.temperatures.slice(0, 1),
  }),
  run: async (study) => {
    const table = await gridTable(study, {
      experiment: 'rq1',
      title: 'Controllable study',
      pairs: study.config.data.map(({ name }) => ({ train: name, test: name })),
      prepare: (name, backbone) => toyData(study, name, backbone),
      columns: ['plScore', 'pluralisticCoverage', 'distributionalAlignment', 'diversity', 'value', 'index'],
    });
    return { ...table, pareto: await paretoPoints(study) };
  },
});

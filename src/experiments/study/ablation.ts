import { BUILT_IN_GENERATION, BUILT_IN_TRAINING, builtInMethod } from './built-in.js';
import { studySchema } from './config.js';
import { gridTable } from './grid.js';
import { defineExperiment } from './run.js';

const gated = { method: 'pope', form: 'gated', lr: 1e-3 };

/** What each half of the reward does: utility only, diversity only, both. */
export const ablation = defineExperiment({
  name: 'ablation',
  summary: 'the reward by halves: utility only, diversity only, both',
  schema: studySchema({}),
  defaults: {
    data: [{ name: 'pluralistic', world: 'pluralistic' }],
    backbones: [{ name: 'world', world: 'pluralistic' }],
    methods: [
      builtInMethod('Base', null),
      { name: 'utility', training: { ...gated, lambdaCu: 1, lambdaDiv: 0 } },
      { name: 'diversity', training: { ...gated, lambdaCu: 0, lambdaDiv: 1 } },
      { name: 'both', training: { ...gated, lambdaCu: 1, lambdaDiv: 1 } },
      { name: 'diversity-soft', training: { ...gated, form: 'soft', lambdaCu: 0, lambdaDiv: 1 } },
      { name: 'both-soft', training: { ...gated, form: 'soft', lambdaCu: 1, lambdaDiv: 1 } },
    ],
    baseline: 'both',
    training: BUILT_IN_TRAINING,
    generation: BUILT_IN_GENERATION,
    metrics: { embedder: 'world', top: 6 },
  },
  run: (study) =>
    gridTable(study, {
      experiment: 'ablation',
      title: 'Utility and diversity, apart and together',
      pairs: study.config.data.map(({ name }) => ({ train: name, test: name })),
      columns: [
        'plScore',
        'pluralisticCoverage',
        'diversity',
        'helpfulness',
        'relevance',
        'distinct2',
        'value',
        'index',
      ],
    }),
});

import { z } from 'zod';
import { UsageError } from '../../errors.js';
import { BUILT_IN_GENERATION, BUILT_IN_METHODS, BUILT_IN_TRAINING } from './built-in.js';
import { studySchema } from './config.js';
import { gridTable } from './grid.js';
import { defineExperiment } from './run.js';

/** Cross-domain: trained on one data set, judged on the others. */
export const rq3 = defineExperiment({
  name: 'rq3',
  summary: 'cross-domain: trained on one data set, judged on the others',
  schema: studySchema({ trainOn: z.string().describe('Data set that methods are trained on.') }),
  defaults: {
    trainOn: 'pluralistic',
    data: [
      { name: 'pluralistic', world: 'pluralistic' },
      { name: 'other-people', world: 'pluralistic', seed: 1 },
      { name: 'other-taste', world: 'short', seed: 2 },
    ],
    backbones: [{ name: 'world', world: 'pluralistic' }],
    methods: BUILT_IN_METHODS,
    training: BUILT_IN_TRAINING,
    generation: BUILT_IN_GENERATION,
    metrics: { embedder: 'world' },
    value: { reduction: 'mean' },
  },
  run: async (study) => {
    const train = study.data(study.config.trainOn).name;
    const others = study.config.data.filter(({ name }) => name !== train);
    if (others.length === 0) {
      throw new UsageError(
        'STUDY_CONFIG',
        'data: expected another data set than that of trainOn, to judge on, got none',
      );
    }
    return gridTable(study, {
      experiment: 'rq3',
      title: 'Cross-domain transfer',
      pairs: others.map(({ name }) => ({ train, test: name })),
      columns: ['helpfulness', 'relevance', 'distinct1', 'distinct2', 'value', 'index'],
    });
  },
});

import { BUILT_IN_GENERATION, BUILT_IN_METHODS, BUILT_IN_TRAINING } from './built-in.js';
import { studySchema } from './config.js';
import { gridTable } from './grid.js';
import { pairsOf, trainOn } from './pairs.js';
import { defineExperiment } from './run.js';

/** In-domain: every method trained and judged on the same data set, or on one of the same domain. */
export const rq2 = defineExperiment({
  name: 'rq2',
  summary: 'in-domain: helpfulness, relevance, Distinct-1 and -2 and V, for each data set, backbone and method',
  schema: studySchema({ trainOn }),
  defaults: {
    data: [
      { name: 'pluralistic', world: 'pluralistic' },
      { name: 'skewed', world: 'skewed' },
    ],
    backbones: [{ name: 'world', world: 'pluralistic' }],
    methods: BUILT_IN_METHODS,
    training: BUILT_IN_TRAINING,
    generation: BUILT_IN_GENERATION,
    metrics: { embedder: 'world' },
    value: { reduction: 'mean' },
  },
  run: (study) =>
    gridTable(study, {
      experiment: 'rq2',
      title: 'In-domain experiment',
      pairs: pairsOf(study),
      columns: ['helpfulness', 'relevance', 'distinct1', 'distinct2', 'value', 'index'],
    }),
});

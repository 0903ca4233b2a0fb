import { BUILT_IN_GENERATION, BUILT_IN_METHODS, BUILT_IN_TRAINING } from './built-in.js';
import { studySchema } from './config.js';
import { gridTable } from './grid.js';
import { pairsOf, trainOn } from './pairs.js';
import { defineExperiment } from './run.js';

/** Coverage of what people said, by data set and backbone (figure 2): of references, and of categories of opinions. */
export const rq4 = defineExperiment({
  name: 'rq4',
  summary: 'coverage of references and of opinions, for each data set and backbone',
  schema: studySchema({ trainOn }),
  defaults: {
    data: [
      { name: 'pluralistic', world: 'pluralistic' },
      { name: 'skewed', world: 'skewed' },
      { name: 'unanimous', world: 'unanimous' },
    ],
    backbones: [{ name: 'world', world: 'pluralistic' }],
    methods: BUILT_IN_METHODS,
    training: BUILT_IN_TRAINING,
    generation: BUILT_IN_GENERATION,
    metrics: { embedder: 'world', top: 6 },
  },
  run: (study) =>
    gridTable(study, {
      experiment: 'rq4',
      title: 'Pluralistic coverage by data set and model',
      pairs: pairsOf(study),
      columns: ['pluralisticCoverage', 'opinionCoverage'],
    }),
});

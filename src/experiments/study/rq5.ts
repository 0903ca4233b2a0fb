import { z } from 'zod';
import { BUILT_IN_GENERATION, BUILT_IN_METHODS, BUILT_IN_TRAINING } from './built-in.js';
import { CAPABILITY_COLUMNS, capabilityCells } from './capability.js';
import { studySchema } from './config.js';
import { gridTable } from './grid.js';
import { pairsOf, trainOn } from './pairs.js';
import { defineExperiment } from './run.js';

/** Auxiliary quality (figure 3): what alignment must not cost. */
export const rq5 = defineExperiment({
  name: 'rq5',
  summary: 'auxiliary quality: Self-BLEU, AlignScore, Fluency and Capability',
  schema: studySchema({
    trainOn,
    capability: z
      .string()
      .min(1)
      .optional()
      .describe("File of questions and held-out texts (pope capability), or world: the text worlds' own."),
  }),
  defaults: {
    data: [
      { name: 'pluralistic', world: 'pluralistic' },
      { name: 'skewed', world: 'skewed' },
    ],
    backbones: [{ name: 'world', world: 'pluralistic' }],
    methods: BUILT_IN_METHODS,
    baseline: 'Base',
    training: BUILT_IN_TRAINING,
    generation: BUILT_IN_GENERATION,
    metrics: { embedder: 'world', fluency: 'world' },
    capability: 'world',
  },
  run: (study) => {
    const { metrics, capability } = study.config;
    return gridTable(study, {
      experiment: 'rq5',
      title: 'Auxiliary quality',
      pairs: pairsOf(study),
      columns: [
        ...(['selfBleu', 'selfBleuPerQuery'] as const),
        ...(metrics.alignScore === undefined ? [] : (['alignScore'] as const)),
        ...(metrics.fluency === undefined ? [] : (['perplexity'] as const)),
      ],
      ...(capability !== undefined && {
        further: { columns: CAPABILITY_COLUMNS, cells: (row) => capabilityCells(study, row, capability) },
      }),
    });
  },
});

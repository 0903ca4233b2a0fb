import { z } from 'zod';
import { BUILT_IN_GENERATION, BUILT_IN_TRAINING, builtInMethod } from './built-in.js';
import { studySchema } from './config.js';
import type { GridOptions } from './grid.js';
import { defineExperiment } from './run.js';
import { variantTable } from './variants.js';

const pope = { method: 'pope', lr: 1e-3 };

/** More and more weight on diversity: what it costs in relevance and fluency. */
export const diversityStress = defineExperiment({
  name: 'diversity-stress',
  summary: 'a sweep of lambda_div: Diversity beside Relevance and Fluency',
  schema: studySchema({
    lambdas: z
      .array(z.number().min(0))
      .min(1)
      .default([0, 0.1, 0.3, 1, 3])
      .describe('lambda_div that each POPE method is trained with.'),
  }),
  defaults: {
    data: [{ name: 'pluralistic', world: 'pluralistic' }],
    backbones: [{ name: 'world', world: 'pluralistic' }],
    methods: [
      builtInMethod('Base', null),
      builtInMethod('SFT', 'sft'),
      { name: 'soft', training: { ...pope, form: 'soft' } },
      { name: 'gated', training: { ...pope, form: 'gated' } },
    ],
    training: BUILT_IN_TRAINING,
    generation: BUILT_IN_GENERATION,
    metrics: { embedder: 'world', top: 6, fluency: 'world' },
  },
  run: (study) => {
    const { data, lambdas, metrics } = study.config;
    const options: GridOptions = {
      experiment: 'diversity-stress',
      title: 'Weight on diversity',
      pairs: data.map(({ name }) => ({ train: name, test: name })),
      columns: [
        ...(['diversity', 'relevance'] as const),
        ...(metrics.fluency === undefined ? [] : (['perplexity'] as const)),
        ...(['plScore', 'pluralisticCoverage', 'distinct2'] as const),
      ],
    };
    return variantTable(study, options, (method) =>
      lambdas.map((lambdaDiv) => ({
        name: `lambda_div ${lambdaDiv}`,
        suffix: `${lambdaDiv}`,
        method: { ...method, training: { ...method.training, lambdaDiv } },
      })),
    );
  },
});

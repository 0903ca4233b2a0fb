import type { StudyConfig } from './config.js';

/** Enough to see that everything runs, too little to compare anything. */
const QUICK = { baseSteps: 40, steps: 10, testQueries: 6, samples: 6, tokens: 32, folds: 2, resamples: 200 };

/** The same study with tiny budgets. */
export function quickly<C extends StudyConfig>(config: C): C {
  const training = { ...config.training, steps: QUICK.steps };
  const logging = (of: StudyConfig['logging']) =>
    of === 'log' ? of : { ...of, folds: QUICK.folds, training: { ...of.training, steps: QUICK.steps } };
  const { generation } = config;
  return {
    ...config,
    training,
    methods: config.methods.map(({ name, training }) =>
      training === undefined ? { name } : { name, training: { ...training, steps: QUICK.steps } },
    ),
    backbones: config.backbones.map((backbone) => ({ ...backbone, steps: Math.min(backbone.steps, QUICK.baseSteps) })),
    logging: logging(config.logging),
    data: config.data.map((data) => ({
      ...data,
      slatesPerQuery: Math.min(data.slatesPerQuery, 2),
      ...(data.logging === undefined ? {} : { logging: logging(data.logging) }),
    })),
    seeds: config.seeds?.slice(0, 1),
    testQueries: Math.min(config.testQueries ?? QUICK.testQueries, QUICK.testQueries),
    generation: {
      ...generation,
      n: Math.min(generation.n, QUICK.samples),
      maxTokens: Math.min(generation.maxTokens, QUICK.tokens),
    },
    resamples: QUICK.resamples,
  };
}

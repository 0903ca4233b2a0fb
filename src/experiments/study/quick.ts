import type { LoggingConfig, MethodConfig, PropensityChange, StudyConfig } from './config.js';

type Fit = Exclude<LoggingConfig, 'log'>;

/** Enough to see that everything runs, too little to compare anything. */
const QUICK = { baseSteps: 40, steps: 10, testQueries: 6, samples: 6, tokens: 32, folds: 2, resamples: 200 };

/** The same study with tiny budgets. */
export function quickly<C extends StudyConfig>(config: C): C {
  const training = { ...config.training, steps: QUICK.steps };
  const { generation } = config;
  return {
    ...config,
    training,
    methods: config.methods.map(quickMethod),
    backbones: config.backbones.map((backbone) => ({ ...backbone, steps: Math.min(backbone.steps, QUICK.baseSteps) })),
    logging: quickLogging(config.logging),
    data: config.data.map((data) => ({
      ...data,
      slatesPerQuery: Math.min(data.slatesPerQuery, 2),
      ...(data.logging === undefined ? {} : { logging: quickLogging(data.logging) }),
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

function quickMethod({ training, propensities, ...method }: MethodConfig): MethodConfig {
  return {
    ...method,
    ...(training === undefined ? {} : { training: { ...training, steps: QUICK.steps } }),
    ...(propensities === undefined ? {} : { propensities: quickChange(propensities) }),
  };
}

/** The same change of the propensities, by a fit of a few steps where it has one. */
export function quickChange(change: PropensityChange): PropensityChange {
  if ('fit' in change) return { fit: quickFit(change.fit) };
  return 'inSample' in change ? { inSample: quickFit(change.inSample) } : change;
}

/** A fit of the logging policy in a few steps. */
function quickFit(fit: Fit): Fit {
  return { ...fit, folds: QUICK.folds, training: { ...fit.training, steps: QUICK.steps } };
}

export function quickLogging(of: LoggingConfig): LoggingConfig {
  return of === 'log' ? of : quickFit(of);
}

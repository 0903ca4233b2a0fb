import type { Slate } from '../data/slate.js';
import { describeValue, UsageError } from '../errors.js';
import type { EstimatorName, Form, Normalisation } from '../estimators/result.js';
import { estimatorName, form, normalisation } from '../estimators/result.js';
import type { Policy } from '../policy/policy.js';
import { TABULAR_GROUPS, type TabularWorldOptions, tabularWorld } from './worlds/tabular.js';
import type { Truth } from './worlds/tabular-truth.js';
import { expectedEstimate, trueValue } from './worlds/tabular-truth.js';

export const WORLDS = ['tabular'] as const;

export interface SimulateOptions extends TabularWorldOptions {
  /** Slates of the log; default 1000. */
  queries?: number;
}

/** What is true of the target, at lambda 1, 1, reduction 'sum' and reward 'identity'. */
export interface WorldTruth {
  world: string;
  seed: number;
  slateSize: number;
  /** V by form, Z = 1. */
  value: Record<Form, Truth>;
  /** V by form with the approval of one group as the reward. */
  groups: Record<string, Record<Form, Truth>>;
  /** What each estimator converges to without weight transform: V_Z, by form. */
  expected: Record<Normalisation, Record<EstimatorName, Record<Form, Truth>>>;
}

export interface Simulation {
  slates: Slate[];
  /** Scores the log; `pope simulate` writes its scores beside the log. */
  target: Policy;
  /** Agrees with `logging.logprob` of the log. */
  logging: Policy;
  truth: WorldTruth;
}

/** A log from a world with known truth. @throws UsageError WORLD_UNKNOWN */
export function simulate(world: string, options: SimulateOptions = {}): Simulation {
  if (!WORLDS.includes(world as (typeof WORLDS)[number])) {
    throw new UsageError(
      'WORLD_UNKNOWN',
      `There is no world ${describeValue(world)}; choose one of ${WORLDS.join(', ')}.`,
    );
  }
  const { queries = 1000, ...worldOptions } = options;
  if (!(Number.isInteger(queries) && queries > 0)) {
    throw new UsageError('OPTION', `Option queries must be a positive integer, not ${describeValue(queries)}.`);
  }
  const made = tabularWorld(worldOptions);
  const perForm = (of: (form: Form) => Truth) => byName(form.options, of);
  return {
    slates: made.sample(queries),
    target: made.policy('target'),
    logging: made.policy('logging'),
    truth: {
      world,
      seed: made.seed,
      slateSize: made.slateSize,
      value: perForm((name) => trueValue(made, { form: name })),
      groups: Object.fromEntries(
        TABULAR_GROUPS.map(({ name }, group) => [name, perForm((form) => trueValue(made, { form, group }))]),
      ),
      expected: byName(normalisation.options, (normalise) =>
        byName(estimatorName.options, (estimator) =>
          perForm((name) => expectedEstimate(made, estimator, normalise, { form: name })),
        ),
      ),
    },
  };
}

function byName<K extends string, V>(names: readonly K[], of: (name: K) => V): Record<K, V> {
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<K, V>;
}

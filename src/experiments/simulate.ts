import { describeValue, UsageError } from '../errors.js';
import {
  type EstimatorName,
  estimatorName,
  type Form,
  form,
  type Normalisation,
  normalisation,
} from '../estimators/result.js';
import { simulateText, type TextTruth } from './simulate-text.js';
import type { Simulation, WorldTruth } from './simulation.js';
import {
  TABULAR_GROUPS,
  TABULAR_KINDS,
  type TabularKind,
  type TabularWorldOptions,
  tabularWorld,
} from './worlds/tabular.js';
import { expectedEstimate, type Truth, trueValue } from './worlds/tabular-truth.js';
import { TEXT_WORLDS } from './worlds/text/worlds.js';

const TEXT_PREFIX = 'text-';

/** Tabular worlds by what they are called outside. */
export const TABULAR_WORLDS: ReadonlyMap<string, TabularKind> = new Map(
  TABULAR_KINDS.map((kind) => [kind === 'overlap' ? 'tabular' : `tabular-${kind}`, kind]),
);

export const WORLDS: readonly string[] = [
  ...TABULAR_WORLDS.keys(),
  ...Object.keys(TEXT_WORLDS).map((name) => TEXT_PREFIX + name),
];

export interface SimulateOptions extends Omit<TabularWorldOptions, 'kind'> {
  /** Slates of the log; default 1000. */
  queries?: number;
}

export interface TabularTruth extends WorldTruth {
  /** V with the approval of one group as the reward. */
  groups: ({ group: string; form: Form } & Truth)[];
  /** V_Z: what an estimator without weight transform converges to, with the true propensities. */
  expected: ({ estimator: EstimatorName; normalise: Normalisation; form: Form } & Truth)[];
}

/** A log from a world with known truth. @throws UsageError WORLD_UNKNOWN, OPTION */
export function simulate(name: 'tabular', options?: SimulateOptions): Simulation<TabularTruth>;
export function simulate(name: string, options?: SimulateOptions): Simulation<TabularTruth | TextTruth>;
export function simulate(name: string, options: SimulateOptions = {}): Simulation<TabularTruth | TextTruth> {
  if (!WORLDS.includes(name)) {
    const known = WORLDS.join(', ');
    throw new UsageError('WORLD_UNKNOWN', `There is no world ${describeValue(name)}; choose one of ${known}.`);
  }
  const { queries = 1000, ...world } = options;
  if (!(Number.isInteger(queries) && queries > 0)) {
    throw new UsageError('OPTION', `Option queries must be a positive integer, not ${describeValue(queries)}.`);
  }
  const kind = TABULAR_WORLDS.get(name);
  if (kind) return simulateTabular(name, queries, { ...world, kind });
  const { seed = 0, slateSize = 4 } = world;
  return simulateText(name, name.slice(TEXT_PREFIX.length), { seed, queries, slateSize });
}

function simulateTabular(name: string, queries: number, options: TabularWorldOptions): Simulation<TabularTruth> {
  const world = tabularWorld(options);
  const forms = form.options;
  return {
    slates: world.sample(queries),
    target: world.policy('target'),
    truth: {
      world: name,
      seed: world.seed,
      queries,
      slateSize: world.slateSize,
      truth: forms.map((form) => ({ form, ...trueValue(world, { form }) })),
      groups: TABULAR_GROUPS.flatMap(({ name: group }, g) =>
        forms.map((form) => ({ group, form, ...trueValue(world, { form, group: g }) })),
      ),
      expected: normalisation.options.flatMap((normalise) =>
        estimatorName.options.flatMap((estimator) =>
          forms.map((form) => ({
            estimator,
            normalise,
            form,
            ...expectedEstimate(world, estimator, normalise, { form }),
          })),
        ),
      ),
    },
  };
}

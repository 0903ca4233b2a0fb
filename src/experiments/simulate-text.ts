import { form } from '../estimators/result.js';
import type { Simulation, WorldTruth } from './simulation.js';
import type { OpinionMetrics } from './worlds/text/metrics.js';
import { TEXT_ROLES, type TextRole } from './worlds/text/roles.js';
import { textWorld } from './worlds/text/text-world.js';
import { type ScoredAnswer, valueOfSamples } from './worlds/text/value.js';

export interface TextTruth extends WorldTruth {
  /** Exact metrics of the policies of the world, over all its queries. */
  policies: ({ policy: TextRole } & OpinionMetrics)[];
}

/** Answers to each query from which V is computed. */
const VALUE_SAMPLES = 64;

/**
 * A log of a text world over the queries of all splits, in turn, and V of its target over these queries.
 *
 * @param label what the world is called outside
 */
export function simulateText(
  label: string,
  name: string,
  { seed, queries, slateSize }: { seed: number; queries: number; slateSize: number },
): Simulation<TextTruth> {
  const world = textWorld(name, seed);
  const slates = world.log(undefined, { slates: queries, slateSize });
  const samples = new Map<string, ScoredAnswer[]>();
  for (const [id, texts] of world.sample('target', undefined, VALUE_SAMPLES)) {
    samples.set(
      id,
      texts.map((text) => ({ text, logProb: world.logProb('target', id, text) })),
    );
  }
  const truth = form.options.map((form) => {
    const { value, utility, diversity } = valueOfSamples(world, samples, { form, slateSize });
    const means = { value: value.mean, utility: utility.mean, diversity: diversity.mean };
    return { form, ...means, standardError: value.standardError };
  });
  const policies = TEXT_ROLES.map((policy) => ({ policy, ...world.exact(policy) }));
  return {
    slates,
    target: world.policy('target'),
    truth: { world: label, seed, queries, slateSize, truth, policies },
  };
}

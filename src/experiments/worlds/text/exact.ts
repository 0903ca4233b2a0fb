import type { Split } from '../../../data/split.js';
import { missIndependently, type OpinionMetrics, opinionMetrics } from './metrics.js';
import type { TextQuery } from './queries.js';
import type { TextRole } from './roles.js';
import type { TextWorld } from './text-world.js';
import { READERS } from './worlds.js';

/** The metrics of a policy with a known density, without sampling: mean over the queries of a split, default all. */
export function exactMetrics(world: TextWorld, role: TextRole, split?: Split): OpinionMetrics {
  const perQuery = world.queries(split).map((query) => exactOf(world, role, query));
  const mean = (name: keyof OpinionMetrics) => {
    return perQuery.reduce((total, metrics) => total + metrics[name], 0) / perQuery.length;
  };
  return {
    utility: mean('utility'),
    signal: mean('signal'),
    coverage6: mean('coverage6'),
    coverage50: mean('coverage50'),
    weightedCoverage6: mean('weightedCoverage6'),
    totalVariation: mean('totalVariation'),
    invalidShare: mean('invalidShare'),
    groupEntropy: mean('groupEntropy'),
  };
}

function exactOf(world: TextWorld, role: TextRole, query: TextQuery): OpinionMetrics {
  const grammar = world.grammars[role];
  const shares = query.groups.map(({ share }) => share);
  const expressed = shares.map(() => 0);
  let utility = 0;
  for (const { group, reasons, probability } of grammar.validMass(query)) {
    expressed[group]! += probability;
    utility += probability * shares[group]! * world.parameters.quality[reasons]!;
  }
  const { scale, noise, brigade } = world.parameters.votes;
  const attacked = query.brigade === null ? 0 : grammar.stanceMass(query, query.brigade);
  const signal = (scale * (utility + brigade.strength * attacked) + noise) / READERS;
  const miss = (group: number, n: number) => missIndependently(expressed[group]!, n);
  return opinionMetrics({ shares, expressed, utility, signal, miss });
}

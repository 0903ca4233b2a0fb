import type { Slate } from '../data/slate.js';
import { hasSignals, responseSignals } from '../reward/signals.js';
import { equalWeights, rewardWeights, topWeights } from './objectives/likelihood.js';
import { combWeights, coverWeights, pooledWeights } from './objectives/opinion.js';
import { opinionNumbers, opinionShares } from './objectives/opinion-shares.js';
import type { ResolvedSettings } from './options.js';

/** What a slate's likelihood weights are made of. */
export interface WeighedSlate {
  /** Slates of the same query, which may have other ids, have the same key. */
  queryKey: string;
  rewards: Float64Array;
  /** u_k, at least 0 [K]. */
  votes: Float64Array;
  labels: readonly (string | undefined)[];
}

export function weighedSlate(slate: Slate, rewards: Float64Array): WeighedSlate {
  const votes = hasSignals(slate, undefined) ? responseSignals(slate, 'sum', undefined) : rewards;
  return {
    queryKey: JSON.stringify(slate.messages ?? slate.prompt),
    rewards,
    votes: votes.map((vote) => Math.max(0, vote)),
    labels: slate.responses.map(({ opinion }) => opinion),
  };
}

/**
 * What a likelihood method weighs each response of each slate with, a function of the log alone. The logging policy's
 * share of an opinion, and the pool of `pooled`, are taken over all slates of a query.
 */
export function likelihoodWeights(slates: readonly WeighedSlate[], settings: ResolvedSettings): Float64Array[] {
  switch (settings.method) {
    case 'sft':
      return slates.map(({ rewards }) => topWeights(rewards));
    case 'sft-all':
      return slates.map(({ rewards }) => equalWeights(rewards));
    case 'rwsft':
      return slates.map(({ rewards }) => rewardWeights(rewards, settings.power));
    case 'opinion':
      return opinionWeights(slates, settings);
    default:
      return slates.map(({ rewards }) => new Float64Array(rewards.length));
  }
}

function opinionWeights(slates: readonly WeighedSlate[], settings: ResolvedSettings): Float64Array[] {
  const { opinion: rule, opinionB: b, opinionG: g, opinionA: a, opinionN: n } = settings;
  if (rule === 'cover') {
    return slates.map(({ rewards, labels }) => coverWeights({ opinion: opinionNumbers(labels), reward: rewards }, n));
  }
  const weights = new Array<Float64Array>(slates.length);
  const queries = [...groupByQuery(slates).values()];
  const shares = opinionShares(queries.map((members) => members.flatMap((i) => slates[i]!.labels)));
  for (const [q, members] of queries.entries()) {
    const labels = members.flatMap((i) => slates[i]!.labels);
    const votes = Float64Array.from(members.flatMap((i) => [...slates[i]!.votes]));
    const pooled = rule === 'pooled' ? pooledWeights(opinionNumbers(labels), votes, { b, g }) : null;
    let start = 0;
    for (const i of members) {
      const { rewards, labels: own } = slates[i]!;
      const end = start + rewards.length;
      weights[i] = pooled
        ? pooled.slice(start, end).map((weight) => weight * members.length) // A slate weighs 1 on average.
        : combWeights({ opinion: opinionNumbers(own), reward: rewards }, shares[q]!.slice(start, end), { b, g, a });
      start = end;
    }
  }
  return weights;
}

function groupByQuery(slates: readonly WeighedSlate[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const [i, { queryKey }] of slates.entries()) {
    const members = groups.get(queryKey);
    if (members) members.push(i);
    else groups.set(queryKey, [i]);
  }
  return groups;
}

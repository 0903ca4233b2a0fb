/** @file What is true in a tabular world, as finite sums over its contexts and candidates. */
import { rewardParts } from '../../estimators/balance.js';
import type { EstimatorName, Form, Normalisation } from '../../estimators/result.js';
import { type Candidate, TABULAR_GROUPS, type TabularWorld } from './tabular.js';

export interface Truth {
  value: number;
  utility: number;
  diversity: number;
}

export interface TruthOptions {
  form: Form;
  /** Default 1. */
  lambdaCu?: number;
  /** Default 1. */
  lambdaDiv?: number;
  /** Number of the group whose approval is the reward; default everyone by their shares. */
  group?: number;
}

/** V(pi) = E_x E_{S ~ pi} sum_k R_k with Z = 1 (5): K times the mean of R under the target, since responses are independent. */
export function trueValue(world: TabularWorld, options: TruthOptions): Truth {
  return averageOverContexts(world, (candidates) => {
    const one = meanParts(world, candidates, 'none', options, (candidate) => Math.exp(candidate.targetLogProb));
    return scaled(one, world.slateSize);
  });
}

/**
 * V_Z(pi; pi0): the expectation under the logging policy of an estimator without weight transform. With rho = exp(l - l0)
 * of normalised log-probabilities and independent responses, per context
 *
 *     decomposed  K E[rho R]       slate  K E[rho R] E[rho]^(K-1)       bound  K E[(rho R)^(1/K)]^K, of each part apart
 *
 * With Z = 1 the first two are V.
 */
export function expectedEstimate(
  world: TabularWorld,
  estimator: EstimatorName,
  normalise: Normalisation,
  options: TruthOptions,
): Truth {
  const size = world.slateSize;
  const logging = (candidate: Candidate) => Math.exp(candidate.loggingLogProb);
  const rho = (candidate: Candidate) => {
    return Math.exp((candidate.targetLogProb - candidate.loggingLogProb) / length(candidate, normalise));
  };
  return averageOverContexts(world, (all) => {
    // What is never logged adds nothing to an expectation over the log.
    const candidates = all.filter((candidate) => candidate.loggingLogProb > -Infinity);
    if (estimator === 'bound') {
      const root = (weighted: number) => weighted ** (1 / size);
      const means = meanParts(world, candidates, normalise, options, logging, (part, candidate) =>
        root(rho(candidate) * part),
      );
      return scaled(
        mapParts(means, (mean) => mean ** size),
        size,
      );
    }
    const meanWeight = candidates.reduce((total, candidate) => total + logging(candidate) * rho(candidate), 0);
    const one = meanParts(world, candidates, normalise, options, (candidate) => logging(candidate) * rho(candidate));
    return scaled(one, estimator === 'slate' ? size * meanWeight ** (size - 1) : size);
  });
}

function length(candidate: Candidate, normalise: Normalisation): number {
  if (normalise === 'none') return 1;
  return normalise === 'tokens' ? candidate.tokens : Buffer.byteLength(candidate.text);
}

/** sum_a weight_a E[f(part_a)] for R and for each of its parts, the inner mean over how people vote. */
function meanParts(
  world: TabularWorld,
  candidates: readonly Candidate[],
  normalise: Normalisation,
  { form, lambdaCu = 1, lambdaDiv = 1, group }: TruthOptions,
  weight: (candidate: Candidate) => number,
  f: (part: number, candidate: Candidate) => number = (part) => part,
): Truth {
  const total = { value: 0, utility: 0, diversity: 0 };
  for (const candidate of candidates) {
    for (const { reward, probability } of rewardOutcomes(candidate, world.voters, group)) {
      const parts = rewardParts(form, reward, candidate.targetLogProb / length(candidate, normalise));
      const utility = lambdaCu * parts.utility;
      const diversity = lambdaDiv * parts.diversity;
      const p = probability * weight(candidate);
      total.value += p * f(utility + diversity, candidate);
      total.utility += p * f(utility, candidate);
      total.diversity += p * f(diversity, candidate);
    }
  }
  return total;
}

/** Every reward that votes can give a candidate, with its probability: a binomial count per group, weighted by shares. */
function rewardOutcomes(candidate: Candidate, voters: number, group: number | undefined) {
  const counted = group === undefined ? TABULAR_GROUPS.map(({ share }, g) => ({ share, g })) : [{ share: 1, g: group }];
  let outcomes = [{ reward: 0, probability: 1 }];
  for (const { share, g } of counted) {
    const approvals = binomial(voters, candidate.approval[g]!);
    outcomes = outcomes.flatMap(({ reward, probability }) =>
      approvals.map((p, count) => ({ reward: reward + (share * count) / voters, probability: probability * p })),
    );
  }
  return outcomes;
}

/** P(count successes out of n), count = 0 .. n. */
function binomial(n: number, p: number): number[] {
  let choose = 1;
  return Array.from({ length: n + 1 }, (_, count) => {
    const result = choose * p ** count * (1 - p) ** (n - count);
    choose = (choose * (n - count)) / (count + 1);
    return result;
  });
}

function averageOverContexts(world: TabularWorld, of: (candidates: readonly Candidate[]) => Truth): Truth {
  const perContext = world.contexts.map(of);
  const mean = (part: keyof Truth) => perContext.reduce((total, truth) => total + truth[part], 0) / perContext.length;
  return { value: mean('value'), utility: mean('utility'), diversity: mean('diversity') };
}

function mapParts({ value, utility, diversity }: Truth, f: (x: number) => number): Truth {
  return { value: f(value), utility: f(utility), diversity: f(diversity) };
}

function scaled(truth: Truth, factor: number): Truth {
  return mapParts(truth, (x) => factor * x);
}

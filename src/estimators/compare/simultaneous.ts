import { percentiles } from '../bootstrap.js';
import { largestDeviations } from '../max-t.js';
import type { ComparedPair } from './result.js';

/** A policy's value and its bootstrap replicates; `i`th replicates of all policies are of one resample. */
export interface Resampled {
  policy: string;
  value: number;
  replicates: Float64Array;
}

/**
 * All pairs of policies, with standard errors by `errorOf`: intervals of each difference alone (percentiles of its replicates) and of all
 * at once, difference +- c se with c the 1 - alpha quantile of the largest |difference* - difference| / se over the pairs (max-T), and p-values
 * (1 + resamples whose largest deviation reaches |difference| / se) / (1 + resamples).
 */
export function comparePairs(
  policies: readonly Resampled[],
  errorOf: (a: number, b: number) => number,
  alpha: number,
): ComparedPair[] {
  const pairs = policies.flatMap((_, a) => policies.slice(a + 1).map((_, offset) => ({ a, b: a + 1 + offset })));
  if (pairs.length === 0) return [];
  const differences = pairs.map(({ a, b }) => policies[a]!.value - policies[b]!.value);
  const errors = pairs.map(({ a, b }) => errorOf(a, b));
  const replicates = pairs.map(({ a, b }) => {
    return policies[a]!.replicates.map((value, i) => value - policies[b]!.replicates[i]!);
  });
  const largest = largestDeviations(replicates, differences, errors);
  const critical = percentiles(largest, [100 * (1 - alpha)])[0]!;
  return pairs.map(({ a, b }, p) => {
    const difference = differences[p]!;
    const error = errors[p]!;
    const [low, high] = percentiles(replicates[p]!, [50 * alpha, 100 - 50 * alpha]) as [number, number];
    const observed = difference === 0 ? 0 : Math.abs(difference) / error;
    const reached = largest.filter((deviation) => deviation >= observed).length;
    return {
      a: policies[a]!.policy,
      b: policies[b]!.policy,
      difference,
      standardError: error,
      interval: { low, high },
      simultaneous: { low: difference - critical * error, high: difference + critical * error },
      adjustedP: (1 + reached) / (1 + largest.length),
    };
  });
}

/** Share of the resamples in which each policy has the largest value; ties share theirs. */
export function probabilitiesOfBest(policies: readonly Resampled[]): number[] {
  const wins = policies.map(() => 0);
  const resamples = policies[0]!.replicates.length;
  for (let i = 0; i < resamples; i++) {
    const values = policies.map(({ replicates }) => replicates[i]!);
    const best = Math.max(...values);
    const ties = values.filter((value) => value === best).length;
    for (const [p, value] of values.entries()) if (value === best) wins[p]! += 1 / ties;
  }
  const total = wins.reduce((sum, count) => sum + count, 0);
  return wins.map((count) => count / total);
}

/** An upper bound of each policy's regret, all at once, from simultaneous intervals of the differences; 0 where no other can be better. */
export function regretBounds(policies: readonly Resampled[], pairs: readonly ComparedPair[]): number[] {
  return policies.map(({ policy }) => {
    const lead = ({ a, b, simultaneous }: ComparedPair) =>
      a === policy ? -simultaneous.low : b === policy ? simultaneous.high : -Infinity;
    return pairs.reduce((bound, pair) => Math.max(bound, lead(pair)), 0);
  });
}

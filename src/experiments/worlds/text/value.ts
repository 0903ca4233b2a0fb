import { rewardParts } from '../../../estimators/balance.js';
import type { Form } from '../../../estimators/result.js';
import type { Measured } from './judge.js';
import type { TextWorld } from './text-world.js';

/** An answer and its log-probability under the policy that wrote it, nats. */
export interface ScoredAnswer {
  text: string;
  logProb: number;
}

export interface ValueOptions {
  form: Form;
  slateSize: number;
  /** Default 1. */
  lambdaCu?: number;
  /** Default 1. */
  lambdaDiv?: number;
}

/** V and its two parts. */
export interface SampledValue {
  value: Measured;
  utility: Measured;
  diversity: Measured;
}

/**
 * V of the policy that wrote these answers, by query id: E_x E_{S ~ pi} sum_k R_k with Z = 1 and reward identity
 * (docs/theory.md section 3), x being one of these queries. R is linear in the signal, so that its expectation takes
 * its place; what remains is sampling of the answers, and the standard errors are those of that.
 */
export function valueOfSamples(
  world: TextWorld,
  samples: ReadonlyMap<string, readonly ScoredAnswer[]>,
  { form, slateSize, lambdaCu = 1, lambdaDiv = 1 }: ValueOptions,
): SampledValue {
  const parts = [...samples].map(([id, answers]) =>
    answers.map(({ text, logProb }) => {
      const { utility, diversity } = rewardParts(form, world.expectedSignal(id, text), logProb);
      return { utility: slateSize * lambdaCu * utility, diversity: slateSize * lambdaDiv * diversity };
    }),
  );
  return {
    value: stratified(parts.map((of) => of.map(({ utility, diversity }) => utility + diversity))),
    utility: stratified(parts.map((of) => of.map(({ utility }) => utility))),
    diversity: stratified(parts.map((of) => of.map(({ diversity }) => diversity))),
  };
}

/** Mean of the strata's means, each with its own variance. */
function stratified(strata: readonly (readonly number[])[]): Measured {
  let mean = 0;
  let variance = 0;
  for (const values of strata) {
    const center = values.reduce((total, value) => total + value, 0) / values.length;
    const squares = values.reduce((total, value) => total + (value - center) ** 2, 0);
    mean += center / strata.length;
    variance += squares / (values.length - 1) / values.length / strata.length ** 2;
  }
  return { mean, standardError: Math.sqrt(variance) };
}

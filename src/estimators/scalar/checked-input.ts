import { DataError, UsageError } from '../../errors.js';

/** What every number of an array has to be. */
export interface Rule {
  expected: string;
  holds(value: number): boolean;
}

/** Probabilities may be this much off, as float32 softmaxes are; row sums too. */
export const PROBABILITY_SLACK = 1e-5 + 1e-8;

export const probability: Rule = {
  expected: 'a probability between 0 and 1',
  holds: (p: number) => p >= 0 && p <= 1 + PROBABILITY_SLACK,
};
export const propensity: Rule = {
  expected: 'a probability above 0 and at most 1',
  holds: (p: number) => p > 0 && p <= 1 + PROBABILITY_SLACK,
};
export const finite: Rule = { expected: 'a finite number', holds: Number.isFinite };
export const weight: Rule = {
  expected: 'a finite number of at least 0',
  holds: (w: number) => Number.isFinite(w) && w >= 0,
};

/** Arrays that somebody gave to an estimator, checked as they are asked for. */
export class CheckedInput {
  readonly rounds: number;
  readonly #estimator: string;

  /** @throws UsageError ESTIMATE_NEEDS `what` where `rounds` are undefined; DataError ESTIMATE_INPUT where there are none */
  constructor(estimator: string, rounds: number | undefined, what = 'reward') {
    this.#estimator = estimator;
    if (rounds === undefined) throw this.needs(what);
    this.rounds = rounds;
    if (rounds === 0) throw invalid('The log has no rounds; expected at least one.');
  }

  /** [rounds * width] as doubles. @throws UsageError ESTIMATE_NEEDS; DataError ESTIMATE_INPUT */
  column(what: string, values: ArrayLike<number> | undefined, rule: Rule, width = 1): Float64Array {
    if (values === undefined) throw this.needs(what);
    const expected = this.rounds * width;
    if (values.length !== expected) {
      const shape = width === 1 ? `${this.rounds} rounds` : `${this.rounds} rounds of ${width} numbers`;
      throw invalid(`${what} has ${values.length} numbers; expected ${expected} for ${shape}.`);
    }
    requireAll(what, values, rule);
    return values instanceof Float64Array ? values : Float64Array.from(values);
  }

  /** [rounds * k] whose rows are distributions. */
  distributions(what: string, values: ArrayLike<number> | undefined, k: number): Float64Array {
    const rows = this.column(what, values, probability, k);
    for (let i = 0; i < this.rounds; i++) {
      let total = 0;
      for (let j = 0; j < k; j++) total += rows[i * k + j]!;
      if (Math.abs(total - 1) <= PROBABILITY_SLACK) continue;
      throw invalid(`Row ${i} of ${what} sums to ${total}; expected 1 within 1e-5.`);
    }
    return rows;
  }

  /** [rounds] integers from 0 to k - 1. */
  indices(what: string, values: ArrayLike<number> | undefined, k: number, width = 1): Float64Array {
    const expected = `an integer from 0 to ${k - 1}`;
    const holds = (chosen: number) => Number.isInteger(chosen) && chosen >= 0 && chosen < k;
    return this.column(what, values, { expected, holds }, width);
  }

  /** The number of actions. */
  actions(k: number | undefined): number {
    if (k === undefined) throw this.needs('k');
    return k;
  }

  needs(what: string): UsageError {
    return new UsageError('ESTIMATE_NEEDS', `Estimator ${this.#estimator} needs ${what}, which was not given.`);
  }
}

/** @throws DataError ESTIMATE_INPUT with the index */
export function requireAll(what: string, values: ArrayLike<number>, rule: Rule): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as unknown;
    if (typeof value === 'number' && rule.holds(value)) continue;
    throw invalid(`${what}[${i}] must be ${rule.expected}; got ${String(value)}.`);
  }
}

export function invalid(message: string): DataError {
  return new DataError('ESTIMATE_INPUT', message);
}

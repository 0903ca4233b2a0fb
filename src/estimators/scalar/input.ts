import { DataError, UsageError } from '../../errors.js';
import type { ScalarDefinition } from './definitions.js';

/** A log of n rounds with one action each, of k; matrices are flat and row-major, [n][k]. */
export interface ScalarLog {
  /** [n], any finite numbers. */
  reward?: ArrayLike<number> | undefined;
  /** [n], integers from 0 to k - 1; not needed with `policyOfAction`. */
  action?: ArrayLike<number> | undefined;
  /** [n], probability with which the logging policy chose the action. */
  propensity?: ArrayLike<number> | undefined;
  /** [n * k], probabilities of the policy whose value is asked for. */
  policy?: ArrayLike<number> | undefined;
  /** [n], the same policy's probability of the logged action, in place of `policy`. */
  policyOfAction?: ArrayLike<number> | undefined;
  /** [n * k], a model's expected reward of each action. */
  qHat?: ArrayLike<number> | undefined;
  /** Number of actions. */
  k?: number | undefined;
}

/** What a definition works on; arrays are [n]. */
export interface ScalarColumns {
  rounds: number;
  /** w, before any transform; null for the direct method. */
  weights: Float64Array | null;
  /** Logged rewards; null where none are needed. */
  rewards: Float64Array | null;
  /** r_i, or r_i - q(i, a_i) with a model. */
  residuals: Float64Array | null;
  /** DM_i; null without a model. */
  baseline: Float64Array | null;
}

/** Probabilities may be this much off, as float32 softmaxes are; row sums too. */
const PROBABILITY_SLACK = 1e-5 + 1e-8;

const probability = {
  expected: 'a probability between 0 and 1',
  holds: (p: number) => p >= 0 && p <= 1 + PROBABILITY_SLACK,
};
const propensity = {
  expected: 'a probability above 0 and at most 1',
  holds: (p: number) => p > 0 && p <= 1 + PROBABILITY_SLACK,
};
const finite = { expected: 'a finite number', holds: Number.isFinite };
const weight = { expected: 'a finite number of at least 0', holds: (w: number) => Number.isFinite(w) && w >= 0 };

/**
 * Checks what the definition needs of a log, and forms its columns.
 *
 * @throws UsageError ESTIMATE_NEEDS naming the estimator and the missing input
 * @throws DataError ESTIMATE_INPUT naming the array, the index, what was expected and what came
 */
export function columnsOf(
  log: ScalarLog,
  name: string,
  definition: ScalarDefinition,
  options: { estimatedPropensity?: ArrayLike<number> | undefined; estimatedWeight?: ArrayLike<number> | undefined },
): ScalarColumns {
  const input = new Input(log, name);
  const model = definition.model ? input.model() : null;
  if (definition.weight === 'none') {
    return { rounds: input.rounds, weights: null, rewards: null, residuals: null, baseline: model!.baseline };
  }
  const rewards = input.column('reward', log.reward, finite);
  const weights =
    definition.weight === 'estimated'
      ? input.column('estimatedWeight', options.estimatedWeight, weight)
      : input.weights(definition.weight, options.estimatedPropensity);
  const residuals = model ? rewards.map((r, i) => r - model.values[i * model.k + input.action(i, model.k)]!) : rewards;
  return { rounds: input.rounds, weights, rewards, residuals, baseline: model?.baseline ?? null };
}

interface Rule {
  expected: string;
  holds(value: number): boolean;
}

class Input {
  readonly rounds: number;
  readonly #log: ScalarLog;
  readonly #name: string;
  #rows: Float64Array | undefined;

  constructor(log: ScalarLog, name: string) {
    this.#log = log;
    this.#name = name;
    const { k } = log;
    if (k !== undefined && !(Number.isInteger(k) && k >= 1)) {
      throw new DataError('ESTIMATE_INPUT', `k, the number of actions, must be an integer of at least 1, not ${k}.`);
    }
    const perAction = log.policy ?? log.qHat;
    this.rounds = (log.reward ?? log.policyOfAction)?.length ?? (perAction && k ? perAction.length / k : 0);
    if (this.rounds === 0) throw new DataError('ESTIMATE_INPUT', 'The log has no rounds; expected at least one.');
    if (log.policy && log.policyOfAction) {
      throw new UsageError('ESTIMATE_OPTION', 'The log has policy and policyOfAction; give one of them.');
    }
  }

  /** [n * width] as doubles, checked. */
  column(what: string, values: ArrayLike<number> | undefined, rule: Rule, width = 1): Float64Array {
    if (values === undefined) throw this.needs(what);
    const expected = this.rounds * width;
    if (values.length !== expected) {
      const shape = width === 1 ? `${this.rounds} rounds` : `${this.rounds} rounds of ${width} actions`;
      throw new DataError('ESTIMATE_INPUT', `${what} has ${values.length} numbers; expected ${expected} for ${shape}.`);
    }
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as unknown;
      if (typeof value === 'number' && rule.holds(value)) continue;
      throw new DataError('ESTIMATE_INPUT', `${what}[${i}] must be ${rule.expected}; got ${String(value)}.`);
    }
    return values instanceof Float64Array ? values : Float64Array.from(values);
  }

  /** The model's predictions [n * k], and the value that they give each round. */
  model(): { values: Float64Array; baseline: Float64Array; k: number } {
    const { k } = this.#log;
    if (k === undefined) throw this.needs('k');
    const values = this.column('qHat', this.#log.qHat, finite, k);
    const policy = this.#policy(k);
    // Rows sum to 1 up to rounding only: dividing by the sum keeps a constant model's value that constant.
    const baseline = Float64Array.from({ length: this.rounds }, (_, i) => {
      let value = 0;
      let total = 0;
      for (let at = i * k; at < (i + 1) * k; at++) {
        value += policy[at]! * values[at]!;
        total += policy[at]!;
      }
      return value / total;
    });
    return { values, baseline, k };
  }

  /** pi(a_i|i) / p_i, or whether pi(a_i|i) is 1. */
  weights(kind: 'importance' | 'match', estimated: ArrayLike<number> | undefined): Float64Array {
    const policy = this.#policyOfAction();
    if (kind === 'match') return policy.map((p) => (p === 1 ? 1 : 0));
    const propensities = estimated
      ? this.column('estimatedPropensity', estimated, propensity)
      : this.column('propensity', this.#log.propensity, propensity);
    return policy.map((p, i) => p / propensities[i]!);
  }

  action(i: number, k: number): number {
    const { action } = this.#log;
    if (action === undefined) throw this.needs('action');
    if (action.length !== this.rounds) {
      throw new DataError(
        'ESTIMATE_INPUT',
        `action has ${action.length} numbers; expected ${this.rounds}, one per round.`,
      );
    }
    const chosen = action[i]!;
    if (Number.isInteger(chosen) && chosen >= 0 && chosen < k) return chosen;
    throw new DataError('ESTIMATE_INPUT', `action[${i}] must be an integer from 0 to ${k - 1}; got ${chosen}.`);
  }

  needs(what: string): UsageError {
    return new UsageError('ESTIMATE_NEEDS', `Estimator ${this.#name} needs ${what}, which was not given.`);
  }

  #policyOfAction(): Float64Array {
    const { policyOfAction, policy, k } = this.#log;
    if (policyOfAction) return this.column('policyOfAction', policyOfAction, probability);
    if (!policy) throw this.needs('policy or policyOfAction');
    if (k === undefined) throw this.needs('k');
    const rows = this.#policy(k);
    return Float64Array.from({ length: this.rounds }, (_, i) => rows[i * k + this.action(i, k)]!);
  }

  /** The policy [n * k], checked once. */
  #policy(k: number): Float64Array {
    if (this.#rows) return this.#rows;
    const rows = this.column('policy', this.#log.policy, probability, k);
    for (let i = 0; i < this.rounds; i++) {
      let total = 0;
      for (let j = 0; j < k; j++) total += rows[i * k + j]!;
      if (Math.abs(total - 1) <= PROBABILITY_SLACK) continue;
      throw new DataError('ESTIMATE_INPUT', `Row ${i} of policy sums to ${total}; expected 1 within 1e-5.`);
    }
    this.#rows = rows;
    return rows;
  }
}

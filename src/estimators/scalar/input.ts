import { UsageError } from '../../errors.js';
import { CheckedInput, finite, invalid, probability, propensity, weight } from './checked-input.js';
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
  const input = new ScalarInput(log, name);
  const model = definition.model ? input.model() : null;
  if (definition.weight === 'none') {
    return { rounds: input.rounds, weights: null, rewards: null, residuals: null, baseline: model!.baseline };
  }
  const rewards = input.column('reward', log.reward, finite);
  const weights =
    definition.weight === 'estimated'
      ? input.column('estimatedWeight', options.estimatedWeight, weight)
      : input.weights(definition.weight, options.estimatedPropensity);
  const actions = model && input.chosen(model.k);
  const residuals = actions ? rewards.map((r, i) => r - model.values[i * model.k + actions[i]!]!) : rewards;
  return { rounds: input.rounds, weights, rewards, residuals, baseline: model?.baseline ?? null };
}

class ScalarInput extends CheckedInput {
  readonly #log: ScalarLog;
  #rows: Float64Array | undefined;
  #actions: Float64Array | undefined;

  constructor(log: ScalarLog, name: string) {
    const { k } = log;
    if (k !== undefined && !(Number.isInteger(k) && k >= 1)) {
      throw invalid(`k, the number of actions, must be an integer of at least 1, not ${k}.`);
    }
    const perAction = log.policy ?? log.qHat;
    super(name, (log.reward ?? log.policyOfAction)?.length ?? (perAction && k ? perAction.length / k : undefined));
    this.#log = log;
    if (log.policy && log.policyOfAction) {
      throw new UsageError('ESTIMATE_OPTION', 'The log has policy and policyOfAction; give one of them.');
    }
  }

  /** The model's predictions [n * k], and the value that they give each round. */
  model(): { values: Float64Array; baseline: Float64Array; k: number } {
    const k = this.actions(this.#log.k);
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

  /** [n], checked once. */
  chosen(k: number): Float64Array {
    this.#actions ??= this.indices('action', this.#log.action, k);
    return this.#actions;
  }

  #policyOfAction(): Float64Array {
    const { policyOfAction, policy } = this.#log;
    if (policyOfAction) return this.column('policyOfAction', policyOfAction, probability);
    if (!policy) throw this.needs('policy or policyOfAction');
    const k = this.actions(this.#log.k);
    const rows = this.#policy(k);
    return this.chosen(k).map((a, i) => rows[i * k + a]!);
  }

  /** [n * k], checked once. */
  #policy(k: number): Float64Array {
    this.#rows ??= this.distributions('policy', this.#log.policy, k);
    return this.#rows;
  }
}

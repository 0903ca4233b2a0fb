import { describeValue, UsageError } from '../../errors.js';
import { CheckedInput, finite, invalid, probability, requireAll } from './checked-input.js';
import { assemble, type ScalarEstimate } from './estimate.js';

/**
 * A log whose k actions are described by embeddings e of d categorical dimensions, c categories each. Weights come either from
 * `embedding` with `embeddingGivenAction`, or from `actionGivenEmbedding`. Clusters of responses are one dimension, with p(e|a) of 0 and 1.
 */
export interface EmbeddingLog {
  /** [n] */
  reward?: ArrayLike<number> | undefined;
  /** [n * k], probabilities of the policy whose value is asked for. */
  policy?: ArrayLike<number> | undefined;
  /** [n * k], probabilities of the logging policy. */
  loggingPolicy?: ArrayLike<number> | undefined;
  k?: number | undefined;
  /** [n * d], category of the logged action in each dimension. */
  embedding?: ArrayLike<number> | undefined;
  /** [k * c * d], p(e_d = c | a). */
  embeddingGivenAction?: ArrayLike<number> | undefined;
  /** [n * k], probability of each action given context and embedding, as a classifier estimates it. */
  actionGivenEmbedding?: ArrayLike<number> | undefined;
}

/**
 * Marginalised IPS (Saito & Joachims, "Off-policy evaluation for large action spaces via embeddings", ICML 2022): 'mips' is
 * mean(w r), 'snmips' sum(w r) / sum(w), with weights of embeddings in place of weights of actions,
 *     w_i = prod_d [sum_a pi(a|i) p(e_id|a)] / [sum_a pi0(a|i) p(e_id|a)],    or    w_i = sum_a pi(a|i)/pi0(a|i) p(a|i, e_i).
 * Unbiased where rewards depend on actions through their embeddings only.
 *
 * @throws UsageError ESTIMATOR_UNKNOWN, ESTIMATE_NEEDS; DataError ESTIMATE_INPUT, WEIGHTS_VANISH
 */
export function estimateMarginal(log: EmbeddingLog, name: string): ScalarEstimate {
  if (name !== 'mips' && name !== 'snmips') {
    const message = `There is no marginalised estimator ${describeValue(name)}; choose one of mips, snmips.`;
    throw new UsageError('ESTIMATOR_UNKNOWN', message);
  }
  const input = new CheckedInput(name, log.reward?.length);
  const rewards = input.column('reward', log.reward, finite);
  const k = input.actions(log.k);
  const target = input.distributions('policy', log.policy, k);
  const logging = input.distributions('loggingPolicy', log.loggingPolicy, k);
  const weights = log.actionGivenEmbedding
    ? throughActions(target, logging, input.distributions('actionGivenEmbedding', log.actionGivenEmbedding, k), k)
    : throughEmbeddings(log, input, target, logging, k);
  const columns = { rounds: input.rounds, weights, rewards, residuals: rewards, baseline: null };
  const selfNormalised = name === 'snmips' ? ({ selfNormalised: true } as const) : {};
  return assemble(columns, name, { weight: 'importance', transform: 'clip', ...selfNormalised }, Infinity);
}

function throughActions(target: Float64Array, logging: Float64Array, posterior: Float64Array, k: number) {
  return Float64Array.from({ length: posterior.length / k }, (_, i) => {
    let weight = 0;
    for (let at = i * k; at < (i + 1) * k; at++) {
      const mass = target[at]! * posterior[at]!;
      if (mass === 0) continue;
      if (logging[at] === 0) throw unsupported(i, `action ${at - i * k}`);
      weight += mass / logging[at]!;
    }
    return weight;
  });
}

function throughEmbeddings(
  { embedding, embeddingGivenAction }: EmbeddingLog,
  input: CheckedInput,
  target: Float64Array,
  logging: Float64Array,
  k: number,
): Float64Array {
  if (!embedding) throw input.needs('embedding (with embeddingGivenAction), or actionGivenEmbedding');
  if (!embeddingGivenAction) throw input.needs('embeddingGivenAction');
  const dimensions = embedding.length / input.rounds;
  const categories = embeddingGivenAction.length / (k * dimensions);
  if (!Number.isInteger(dimensions) || dimensions < 1 || !Number.isInteger(categories)) {
    throw invalid(
      `embedding has ${embedding.length} and embeddingGivenAction ${embeddingGivenAction.length} numbers; ` +
        `expected n * d and k * c * d for n = ${input.rounds} rounds and k = ${k} actions.`,
    );
  }
  const chosen = input.indices('embedding', embedding, categories, dimensions);
  requireAll('embeddingGivenAction', embeddingGivenAction, probability);
  return Float64Array.from({ length: input.rounds }, (_, i) => {
    let weight = 1;
    for (let d = 0; d < dimensions; d++) {
      let above = 0;
      let below = 0;
      for (let a = 0; a < k; a++) {
        const likelihood = embeddingGivenAction[(a * categories + chosen[i * dimensions + d]!) * dimensions + d]!;
        above += target[i * k + a]! * likelihood;
        below += logging[i * k + a]! * likelihood;
      }
      if (below === 0) throw unsupported(i, `category ${chosen[i * dimensions + d]} of dimension ${d}`);
      weight *= above / below;
    }
    return weight;
  });
}

function unsupported(round: number, what: string) {
  return invalid(`Round ${round} has ${what}, which loggingPolicy never chooses; its probability must be above 0.`);
}

import { LoggedDataset } from '../../data/dataset.js';
import { evaluate } from '../../estimators/evaluate.js';
import type { Estimate, Normalisation } from '../../estimators/result.js';
import type { Policy } from '../../policy/policy.js';
import type { TextWorld } from '../worlds/text/text-world.js';
import { type ScoredAnswer, valueOfSamples } from '../worlds/text/value.js';

/** A value, or its part that is approval, with what is known of its error. */
export interface Estimated {
  mean: number | null;
  interval: { low: number; high: number } | null;
}

/** V of a policy, reward identity, lambda 1 and 1, over test queries: in truth, and from the log. */
export interface Valuation {
  /** From the policy's own answers; exact but for their sampling, whose standard error is given. */
  truth: { value: number; valueError: number; utility: number; utilityError: number };
  /** Decomposed, without normalisation, clipped at 10. */
  estimate: { value: Estimated; utility: Estimated; verdict: Estimate['verdict'] };
  /** Decomposed under 'tokens', the paper's figure: on the log, and its limit V_Z in a log that is much longer. */
  index: { value: Estimated; utility: Estimated; limit: number; limitUtility: number; limitError: number };
}

export const SLATE_SIZE = 6;
/** Another log of the same world than the one that is trained on. */
const LIMIT_LOG_SEED = 1;

/**
 * @param policy the model as a policy
 * @param scores of the test split of the log under it
 * @param answers of the policy to the test queries
 */
export async function valuate(
  world: TextWorld,
  sources: {
    policy: Policy;
    scores: Policy;
    log: LoggedDataset;
    answers: ReadonlyMap<string, readonly ScoredAnswer[]>;
  },
  { limitSlatesPerQuery, signal }: { limitSlatesPerQuery: number; signal?: AbortSignal | undefined },
): Promise<Valuation> {
  const { policy, scores, log, answers } = sources;
  const shared = {
    logging: 'log',
    reward: 'identity',
    estimators: ['decomposed'],
    normalise: 'tokens',
    signal,
  } as const;
  const { estimates } = await evaluate(log, { ...shared, target: scores, seed: world.seed });
  const slates = limitSlatesPerQuery * world.queries('test').length;
  const longer = world.log('test', { slates, slateSize: SLATE_SIZE, seed: LIMIT_LOG_SEED });
  const limit = await evaluate(LoggedDataset.fromSlates(longer), {
    ...shared,
    target: policy,
    transform: 'none',
    interval: 't',
  });
  const { value, utility } = valueOfSamples(world, answers, { form: 'soft', slateSize: SLATE_SIZE });
  const none = rowOf(estimates, 'none');
  const tokens = rowOf(estimates, 'tokens');
  const converged = rowOf(limit.estimates, 'tokens');
  return {
    truth: {
      value: value.mean,
      valueError: value.standardError,
      utility: utility.mean,
      utilityError: utility.standardError,
    },
    estimate: { ...estimated(none), verdict: none.verdict },
    index: {
      ...estimated(tokens),
      limit: converged.value!,
      limitUtility: converged.utility!,
      limitError: converged.standardError!,
    },
  };
}

function rowOf(estimates: readonly Estimate[], normalise: Normalisation): Estimate {
  return estimates.find((row) => row.normalise === normalise)!;
}

function estimated({ value, interval, utility, utilityInterval }: Estimate) {
  return { value: { mean: value, interval }, utility: { mean: utility, interval: utilityInterval } };
}

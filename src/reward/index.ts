/** Rewards r_k in [0, 1] from human signals, slate by slate (docs/theory.md section 1). */
import type { Slate } from '../data/slate.js';
import { describeValue, UsageError } from '../errors.js';
import { slateChoices } from './choices.js';
import { identityRewards } from './identity.js';
import { log1pShareRewards } from './log1p-share.js';
import { minmaxRewards } from './minmax.js';
import { plackettLuceWorths } from './plackett-luce.js';
import { shareRewards } from './share.js';
import { type Combination, hasSignals, judgementsOf, responseSignals } from './signals.js';

export const REWARDS = ['share', 'minmax', 'plackett-luce', 'identity', 'log1p-share'] as const;
export type RewardName = (typeof REWARDS)[number];

export interface RewardOptions {
  /** Default: share for a slate with signals, plackett-luce for any other. */
  reward?: RewardName | undefined;
  /** Only the judgements of this group count. */
  group?: string | undefined;
}

export interface SlateReward {
  /** r_k, one per response in the order of the slate, each in [0, 1]. */
  rewards: Float64Array;
  /** Negative signals that counted as 0 (share and log1p-share; 0 for the others). */
  negatives: number;
  /**
   * Nobody voted: every signal that counts is 0, or (plackett-luce) nobody preferred one response to another. Never with
   * identity, where 0 is a reward like any other.
   */
  noPreference: boolean;
  used: RewardName;
}

/** Votes add up, ratings average. */
const COMBINATION: Record<Exclude<RewardName, 'plackett-luce'>, Combination> = {
  share: 'sum',
  'log1p-share': 'sum',
  minmax: 'mean',
  identity: 'mean',
};

/**
 * The rewards of one slate; null only when a group is named and nobody of that group judged anything in this slate.
 * @throws DataError REWARD_NEEDS_SIGNAL, REWARD_RANGE (identity), RANKING_AMBIGUOUS (plackett-luce)
 */
export function slateReward(slate: Slate, options?: RewardOptions & { group?: undefined }): SlateReward;
export function slateReward(slate: Slate, options?: RewardOptions): SlateReward | null;
export function slateReward(slate: Slate, { reward, group }: RewardOptions = {}): SlateReward | null {
  if (group !== undefined && slate.responses.every((response) => judgementsOf(response, group).length === 0))
    return null;
  const used = reward ?? (hasSignals(slate, group) ? 'share' : 'plackett-luce');
  if (used === 'plackett-luce') {
    const choices = slateChoices(slate, group);
    const noPreference = choices.every(({ chosen, from }) => chosen.length === from.length);
    return { rewards: plackettLuceWorths(slate.responses.length, choices), negatives: 0, noPreference, used };
  }
  const signals = responseSignals(slate, COMBINATION[used], group);
  const votes = COMBINATION[used] === 'sum';
  return {
    rewards: signalRewards(used, signals, slate),
    negatives: votes ? signals.filter((signal) => signal < 0).length : 0,
    noPreference: used !== 'identity' && signals.every((signal) => signal === 0 || (votes && signal < 0)),
    used,
  };
}

/** Reads `--reward NAME`. @throws UsageError REWARD_NAME */
export function parseReward(text: string): RewardName {
  const reward = REWARDS.find((name) => name === text);
  if (reward !== undefined) return reward;
  throw new UsageError('REWARD_NAME', `reward: expected one of ${REWARDS.join(', ')}, got ${describeValue(text)}`);
}

function signalRewards(name: keyof typeof COMBINATION, signals: Float64Array, slate: Slate): Float64Array {
  switch (name) {
    case 'share':
      return shareRewards(signals);
    case 'log1p-share':
      return log1pShareRewards(signals);
    case 'minmax':
      return minmaxRewards(signals);
    case 'identity':
      return identityRewards(signals, slate);
  }
}

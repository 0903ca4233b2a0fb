import { minmaxRewards } from '../reward/minmax.js';
import { shareRewards } from '../reward/share.js';
import { requireFinite, requireInput } from './checks.js';

/** p_j = u_j / sum u: the share of each reference; negative votes count as 0, nobody voted: 1/M each. */
export function voteShares(votes: ArrayLike<number>, m: number): Float64Array {
  return shareRewards(checkedVotes(votes, m));
}

/** w_j: votes min-max scaled, then divided by their sum; equal votes: 1/M each. The least voted reference weighs 0. */
export function scaledVoteShares(votes: ArrayLike<number>, m: number): Float64Array {
  return shareRewards(minmaxRewards(checkedVotes(votes, m)));
}

/** sum_j weight_j sim_j */
export function weightedSum(row: Float32Array, weights: Float64Array): number {
  return weights.reduce((sum, weight, j) => sum + weight * row[j]!, 0);
}

function checkedVotes(votes: ArrayLike<number>, m: number): Float64Array {
  requireInput(votes.length === m, `Votes: expected one number per reference, ${m}, got ${votes.length}.`);
  requireFinite('Votes', votes);
  return Float64Array.from(votes);
}

import type { Selection } from './columns.js';
import type { LogGroup } from './groups.js';
import type { SmallGroups } from './result.js';

/** What pooled small groups are called together. */
export const POOLED_GROUP = '(small groups)';

/** A group with its share of all, and whether it is too small to be relied on. */
export interface RuledGroup extends LogGroup {
  share: number;
  small: boolean;
}

/**
 * Groups of fewer than `minimum` queries are small. With 'pool' they are one group, in which a query's responses are those of any of
 * them, with the mean of their rewards; it may be small itself. Shares are those of `mass` unless given by name.
 */
export function ruledGroups(
  groups: readonly LogGroup[],
  minimum: number,
  rule: SmallGroups,
  responseCounts: Int32Array,
): RuledGroup[] {
  const isSmall = ({ selection }: LogGroup) => selection.queries.length < minimum;
  const small = groups.filter(isSmall);
  const kept =
    rule === 'pool' && small.length > 0
      ? [...groups.filter((group) => !isSmall(group)), pool(small, responseCounts)]
      : groups;
  const total = kept.reduce((sum, { mass }) => sum + mass, 0);
  return kept.map((group) => ({ ...group, share: group.mass / total, small: isSmall(group) }));
}

function pool(groups: readonly LogGroup[], responseCounts: Int32Array): LogGroup {
  const queries = [...new Set(groups.flatMap(({ selection }) => selection.queries))].sort((a, b) => a - b);
  const mass = groups.reduce((sum, group) => sum + group.mass, 0);
  const responses = [...new Set(groups.flatMap(({ selection }) => selection.responses ?? []))].sort((a, b) => a - b);
  const rewards = groups.some(({ selection }) => selection.rewards)
    ? meanRewards(groups, queries, responseCounts)
    : null;
  const selection: Selection = {
    queries,
    ...(responses.length > 0 ? { responses } : {}),
    ...(rewards ? { rewards } : {}),
  };
  return { group: POOLED_GROUP, selection, mass };
}

/** Of each response of these queries, over the groups that judged the query. */
function meanRewards(groups: readonly LogGroup[], queries: readonly number[], responseCounts: Int32Array): number[] {
  const sums = new Map(
    queries.map((query) => [query, { count: 0, rewards: new Float64Array(responseCounts[query]!) }]),
  );
  for (const { selection } of groups) {
    let next = 0;
    for (const query of selection.queries) {
      const sum = sums.get(query)!;
      sum.count++;
      for (let k = 0; k < sum.rewards.length; k++) sum.rewards[k]! += selection.rewards![next++]!;
    }
  }
  return queries.flatMap((query) => {
    const { count, rewards } = sums.get(query)!;
    return Array.from(rewards, (reward) => reward / count);
  });
}

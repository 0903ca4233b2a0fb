import { acrossGroups, type GroupStatistic } from './across-groups.js';
import { type LogColumns, select } from './columns.js';
import { estimateRows } from './estimate-rows.js';
import { ruledGroups } from './group-rules.js';
import type { LogGroup } from './groups.js';
import type { Estimate, Evaluation, ResolvedOptions, Warning } from './result.js';
import type { RowRequest } from './row-requests.js';
import { placedAmong } from './statistic.js';
import type { ScoreFacts } from './verdict.js';

interface GroupOptions {
  resolved: ResolvedOptions;
  requests: readonly RowRequest[];
  scores: ScoreFacts;
  /** The row that groups are compared by. */
  leading: Pick<Estimate, 'estimator' | 'normalise'>;
  signal: AbortSignal | undefined;
}

/** Every row of every group, and the groups that are not small side by side. */
export async function evaluateGroups(
  columns: LogColumns,
  found: readonly LogGroup[],
  { resolved, requests, scores, leading, signal }: GroupOptions,
): Promise<Pick<Evaluation, 'groups' | 'acrossGroups'>> {
  const sizes = Int32Array.from(columns.queryIds, (_, i) => columns.offsets[i + 1]! - columns.offsets[i]!);
  const groups: Evaluation['groups'] = [];
  const compared: GroupStatistic[] = [];
  const queries = columns.queryIds.length;
  let leader: Estimate | undefined;
  const leads = ({ estimator, normalise }: Estimate) =>
    estimator === leading.estimator && normalise === leading.normalise;
  for (const { group, share, small, selection } of ruledGroups(found, resolved.minGroup, resolved.smallGroups, sizes)) {
    const part = select(columns, selection);
    const rows = await estimateRows(part, requests, { resolved, scores, signal, keeps: leads });
    groups.push({
      group,
      share,
      queries: part.queryIds.length,
      responses: part.reward.length,
      small,
      estimates: rows.map((row) => row.estimate),
    });
    if (small) continue;
    const row = rows.find(({ estimate }) => leads(estimate))!;
    leader = row.estimate;
    // An index leads with its self-normalised figure.
    const statistic = row.estimate.estimand === 'value' ? row.statistics?.value : row.statistics?.selfNormalised;
    if (!statistic) return { groups, acrossGroups: null };
    compared.push({ group, share, statistic: placedAmong(statistic, selection.queries, queries) });
  }
  if (!leader) return { groups, acrossGroups: null };
  const { estimator, normalise, estimand } = leader;
  const options = { row: { estimator, normalise, estimand }, queries, clusters: columns.clusters, resolved, signal };
  return { groups, acrossGroups: await acrossGroups(compared, options) };
}

export function smallGroupWarnings(groups: Evaluation['groups'], { minGroup }: ResolvedOptions): Warning[] {
  const small = groups.filter((group) => group.small);
  if (small.length === 0) return [];
  const names = small.slice(0, 5).map(({ group, queries }) => `"${group}" (${queries})`);
  const more = small.length > names.length ? ` and ${small.length - names.length} more` : '';
  const message = `${small.length} groups have fewer than ${minGroup} queries and are not compared: ${names.join(', ')}${more}; pool them, or collect more`;
  return [{ code: 'SMALL_GROUPS', message }];
}

import type { SlateLog } from '../data/slate.js';
import { DataError } from '../errors.js';
import type { Policy } from '../policy/policy.js';
import { type RewardName, slateReward } from '../reward/index.js';
import type { LogColumns } from './columns.js';
import { GroupCollector } from './groups.js';
import { indexClusters } from './intervals/clusters.js';
import { PredictionCollector, type Predictions } from './predictions.js';
import { propensity, ScoreStream } from './score-stream.js';

export interface CollectOptions {
  target: Policy;
  /** 'log': the log's own `logging.logprob`. */
  logging: Policy | 'log';
  reward: RewardName | undefined;
  /** 'group', or a field of the slates; see `GroupCollector`. */
  by: string | null;
  /** Field of responses and queries with predicted rewards. */
  prediction: string | null;
  signal: AbortSignal | undefined;
  onProgress: ((progress: { queries: number; responses: number }) => void) | undefined;
}

/** What was noticed on the way. */
export interface CollectCounts {
  /** Slates whose signals say nothing. */
  noPreference: number;
  /** Signals that counted as 0. */
  negatives: number;
  /** Responses whose propensity in the log has no token count. */
  tokensAssumed: number;
  /** Responses whose prompt was cut to fit a model's context. */
  truncated: number;
  rewards: Set<RewardName>;
}

export interface Collected {
  columns: LogColumns;
  counts: CollectCounts;
  groups: GroupCollector;
  /** Null where no field was named. */
  predictions: Predictions | null;
}

/**
 * Reads a log once beside the scores of both policies and keeps numbers only.
 *
 * @throws DataError SCORE_MISSING, SCORE_MISMATCH, SCORE_INVALID, PROPENSITY_MISSING naming query and response, and
 *   whatever the rewards throw
 */
export async function collect(log: SlateLog, options: CollectOptions): Promise<Collected> {
  const { target, logging, reward: rewardName, signal } = options;
  const counts: CollectCounts = { noPreference: 0, negatives: 0, tokensAssumed: 0, truncated: 0, rewards: new Set() };
  const groups = new GroupCollector(options.by, rewardName);
  const predictions = options.prediction === null ? null : new PredictionCollector(options.prediction);
  const queryIds: string[] = [];
  const clusterNames: string[] = [];
  const lists = {
    offset: [0],
    queryWeight: [] as number[],
    reward: [] as number[],
    targetLogProb: [] as number[],
    loggingLogProb: [] as number[],
    targetTokens: [] as number[],
    loggingTokens: [] as number[],
    bytes: [] as number[],
  };
  let clustered = false;

  const scored = [new ScoreStream(target, 'target', log, signal)];
  if (logging !== 'log') scored.push(new ScoreStream(logging, 'logging', log, signal));
  try {
    for await (const slate of log) {
      signal?.throwIfAborted();
      const targetScores = await scored[0]!.next(slate);
      const loggingScores = scored[1] ? await scored[1].next(slate) : slate.responses.map((r) => propensity(slate, r));
      const { rewards, noPreference, negatives, used } = slateReward(slate, { reward: rewardName });
      counts.noPreference += noPreference ? 1 : 0;
      counts.negatives += negatives;
      counts.rewards.add(used);
      predictions?.add(slate);
      groups.add(slate, queryIds.length, lists.reward.length);
      clustered ||= slate.cluster !== undefined;
      // A query without a cluster is its own; the prefix keeps its name apart from those of clusters.
      clusterNames.push(slate.cluster === undefined ? `query ${slate.id}` : `cluster ${slate.cluster}`);
      queryIds.push(slate.id);
      lists.queryWeight.push(slate.weight ?? 1);
      for (const [k, response] of slate.responses.entries()) {
        const ours = targetScores[k]!;
        const theirs = loggingScores[k]!;
        if (theirs.tokens === undefined) counts.tokensAssumed++;
        if (ours.truncated !== undefined || theirs.truncated !== undefined) counts.truncated++;
        lists.reward.push(rewards[k]!);
        lists.targetLogProb.push(ours.logprob);
        lists.loggingLogProb.push(theirs.logprob);
        lists.targetTokens.push(ours.tokens!);
        lists.loggingTokens.push(theirs.tokens ?? ours.tokens!);
        lists.bytes.push(Buffer.byteLength(response.text));
      }
      lists.offset.push(lists.reward.length);
      options.onProgress?.({ queries: queryIds.length, responses: lists.reward.length });
    }
  } finally {
    await Promise.all(scored.map((stream) => stream.close()));
  }
  if (queryIds.length === 0)
    throw new DataError('LOG_EMPTY', 'The log holds no query, so there is nothing to evaluate.');
  const { offset, ...numbers } = lists;
  const columns = Object.fromEntries(Object.entries(numbers).map(([name, list]) => [name, Float64Array.from(list)]));
  return {
    columns: {
      ...(columns as Record<keyof typeof numbers, Float64Array>),
      queryIds,
      offsets: Int32Array.from(offset),
      clusters: clustered ? indexClusters(clusterNames).index : null,
    },
    counts,
    groups,
    predictions: predictions?.result() ?? null,
  };
}

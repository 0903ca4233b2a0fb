import type { SlateLog } from '../data/slate.js';
import { DataError } from '../errors.js';
import type { Policy } from '../policy/policy.js';
import { type RewardName, slateReward } from '../reward/index.js';
import { Turns } from '../turns.js';
import type { LogColumns } from './columns.js';
import { GroupCollector } from './groups.js';
import { GrowingColumn } from './growing-column.js';
import { ClusterIndex } from './intervals/clusters.js';
import { PredictionCollector, type Predictions } from './predictions.js';
import { propensity, ScoreStream } from './score-stream.js';
import { SharedPass } from './shared-pass.js';

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
  const clusters = new ClusterIndex();
  const grow = {
    offsets: new GrowingColumn(Int32Array),
    queryWeight: new GrowingColumn(Float64Array),
    reward: new GrowingColumn(Float64Array),
    targetLogProb: new GrowingColumn(Float64Array),
    loggingLogProb: new GrowingColumn(Float64Array),
    targetTokens: new GrowingColumn(Int32Array),
    loggingTokens: new GrowingColumn(Int32Array),
    bytes: new GrowingColumn(Int32Array),
  };
  grow.offsets.push(0);

  const pass = new SharedPass(log);
  const scored = [new ScoreStream(target, 'target', pass.reader(), signal)];
  if (logging !== 'log') scored.push(new ScoreStream(logging, 'logging', pass.reader(), signal));
  try {
    // What is read from files in large pieces comes without a turn of the event loop between its slates.
    const turns = new Turns();
    for await (const slate of pass.reader()) {
      signal?.throwIfAborted();
      if (turns.due) await turns.take();
      const targetScores = await scored[0]!.next(slate);
      const loggingScores = scored[1] ? await scored[1].next(slate) : slate.responses.map((r) => propensity(slate, r));
      const { rewards, noPreference, negatives, used } = slateReward(slate, { reward: rewardName });
      counts.noPreference += noPreference ? 1 : 0;
      counts.negatives += negatives;
      counts.rewards.add(used);
      predictions?.add(slate);
      groups.add(slate, queryIds.length, grow.reward.length);
      clusters.add(slate.cluster);
      queryIds.push(slate.id);
      grow.queryWeight.push(slate.weight ?? 1);
      for (const [k, response] of slate.responses.entries()) {
        const ours = targetScores[k]!;
        const theirs = loggingScores[k]!;
        if (theirs.tokens === undefined) counts.tokensAssumed++;
        if (ours.truncated !== undefined || theirs.truncated !== undefined) counts.truncated++;
        grow.reward.push(rewards[k]!);
        grow.targetLogProb.push(ours.logprob);
        grow.loggingLogProb.push(theirs.logprob);
        grow.targetTokens.push(ours.tokens!);
        grow.loggingTokens.push(theirs.tokens ?? ours.tokens!);
        grow.bytes.push(Buffer.byteLength(response.text));
      }
      grow.offsets.push(grow.reward.length);
      options.onProgress?.({ queries: queryIds.length, responses: grow.reward.length });
    }
    for (const stream of scored) await stream.finish();
  } finally {
    await Promise.all(scored.map((stream) => stream.close()));
    await pass.close();
  }
  if (queryIds.length === 0)
    throw new DataError('LOG_EMPTY', 'The log holds no query, so there is nothing to evaluate.');
  return {
    columns: {
      queryIds,
      clusters: clusters.result(),
      offsets: grow.offsets.values,
      queryWeight: grow.queryWeight.values,
      reward: grow.reward.values,
      targetLogProb: grow.targetLogProb.values,
      loggingLogProb: grow.loggingLogProb.values,
      targetTokens: grow.targetTokens.values,
      loggingTokens: grow.loggingTokens.values,
      bytes: grow.bytes.values,
    },
    counts,
    groups,
    predictions: predictions?.result() ?? null,
  };
}

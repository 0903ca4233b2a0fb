import type { SlateLog } from '../../data/slate.js';
import { PopeError, UsageError } from '../../errors.js';
import type { Policy } from '../../policy/policy.js';
import { Bootstrap, runInTurns } from '../bootstrap.js';
import { collect } from '../collect.js';
import type { LogColumns } from '../columns.js';
import { HeldOutLog } from '../held-out.js';
import { percentileInterval } from '../intervals/bootstrap-intervals.js';
import { indexClusters } from '../intervals/clusters.js';
import { checkedSettings, QUERY_INTERVALS } from '../intervals/settings.js';
import { type EvaluateOptions, type Plan, planOf } from '../options.js';
import { kendallTau, spearman } from '../rank-correlation.js';
import type { Estimate, EstimatorName, Normalisation, Warning } from '../result.js';
import { estimateRow, type Row } from '../row.js';
import { rowRequests } from '../row-requests.js';
import { type Statistic, scaledBy, standardError, sumOf, sumOverClusters } from '../statistic.js';
import { worstVerdict } from '../verdict.js';
import { scoreFacts, warningsOf } from '../warnings.js';
import type { ComparedPolicy, Comparison } from './result.js';
import { comparePairs, probabilitiesOfBest, type Resampled, regretBounds } from './simultaneous.js';

/** The policies of a comparison, and what they are compared by; the rest is as in EvaluateOptions. */
export interface CompareOptions
  extends Omit<
    EvaluateOptions,
    'target' | 'estimators' | 'normalise' | 'selfNormalise' | 'interval' | 'by' | 'minGroup' | 'smallGroups'
  > {
  /** The policies by name, at least two. */
  targets: ReadonlyMap<string, Policy>;
  /** What to compare by; default: decomposed under 'none', or where that is unreliable for a policy the index under 'tokens'. */
  estimator?: EstimatorName | undefined;
  normalise?: Normalisation | undefined;
  /** True values by name, where they are known. */
  truth?: Readonly<Record<string, number>> | undefined;
}

interface Candidate {
  name: string;
  policy: Policy;
  columns: LogColumns;
  rows: Row[];
  warnings: Warning[];
}

/**
 * Which of several policies is the best, from one log: values on the same queries and the same resamples, so that what they share cancels
 * out of their differences; with multiple-comparison control (docs/estimators.md, "Comparing policies").
 *
 * @throws as `evaluate`, UNRELIABLE where the log supports no value of some policy; UsageError OPTION for fewer than two policies, lambdaDiv 'auto', and a truth that leaves a policy out
 */
export async function compare(log: SlateLog, options: CompareOptions): Promise<Comparison> {
  const { targets, estimator, normalise, truth, ...shared } = options;
  checkOptions(options);
  const [first] = targets.values();
  const plan = planOf({
    ...shared,
    target: first!,
    ...(estimator ? { estimators: [estimator] } : {}),
    normalise: normalise ?? 'all',
  });
  const judged = heldOutByAll(log, options);
  const candidates: Candidate[] = [];
  for (const [name, policy] of targets) candidates.push(await candidateOf(judged, plan, name, policy, options));
  const row = chosenRow(candidates, estimator, normalise);
  const chosen = candidates.map((candidate) => ({ candidate, ...figureOf(candidate, row) }));
  const valued = chosen.filter(({ statistic }) => statistic !== null);
  const { resolved } = plan;
  const { columns } = candidates[0]!;
  const clusters = columns.clusters && indexClusters(columns.clusters);
  const units = clusters?.count ?? columns.queryIds.length;
  const statistics = valued.map(({ statistic }) => {
    return clusters ? sumOverClusters(statistic!, clusters.index, units) : statistic!;
  });
  const settings = checkedSettings('bootstrap-percentile', { ...resolved, side: 'two' }, QUERY_INTERVALS);
  const bootstrap = new Bootstrap(statistics, units, settings);
  if (valued.length > 0 && units > 1) {
    await runInTurns(bootstrap, settings.resamples, options.signal, (done) => {
      options.onProgress?.({ phase: 'intervals', done, total: settings.resamples });
    });
  }
  const resampled = valued.map(({ candidate, value }, v): Resampled => {
    return { policy: candidate.name, value: value!, replicates: bootstrap.replicates[v]! };
  });
  const differenceError = (a: number, b: number) => standardError(sumOf(statistics[a]!, scaledBy(statistics[b]!, -1)));
  const pairs = units > 1 ? comparePairs(resampled, differenceError, resolved.alpha) : [];
  const policies = chosen
    .map(({ candidate, estimate, value }): ComparedPolicy => {
      const v = resampled.findIndex(({ policy }) => policy === candidate.name);
      return {
        policy: candidate.name,
        value,
        standardError: v < 0 || units < 2 ? null : standardError(statistics[v]!),
        interval: v < 0 || units < 2 ? null : percentileInterval(resampled[v]!.replicates, settings),
        probabilityBest: null,
        regret: value === null ? null : Math.max(...resampled.map((other) => other.value)) - value,
        regretHigh: null,
        possiblyBest: value !== null,
        effectiveSampleSize: estimate.diagnostics.effectiveSampleSize,
        verdict: estimate.verdict,
        reasons: estimate.reasons,
      };
    })
    .sort((a, b) => (b.value ?? -Infinity) - (a.value ?? -Infinity));
  if (pairs.length > 0) {
    const shares = probabilitiesOfBest(resampled);
    const bounds = regretBounds(resampled, pairs);
    for (const [v, { policy }] of resampled.entries()) {
      const entry = policies.find((one) => one.policy === policy)!;
      entry.probabilityBest = shares[v]!;
      entry.regretHigh = bounds[v]!;
      entry.possiblyBest = !pairs.some(({ a, b, simultaneous }) => {
        return (a === policy && simultaneous.high < 0) || (b === policy && simultaneous.low > 0);
      });
    }
  }
  const contenders = policies.filter(({ possiblyBest }) => possiblyBest);
  const verdict = worstVerdict(contenders.map((policy) => policy.verdict));
  const unsupported = policies.filter((policy) => policy.verdict === 'unreliable');
  if (options.strict && unsupported.length > 0) throw unreliable(unsupported);
  const supported = pairs.length > 0 && policies.every((policy) => policy.verdict !== 'unreliable');
  return {
    queries: columns.queryIds.length,
    responses: columns.reward.length,
    row: describe(chosen[0]!.estimate, row.selfNormalised),
    options: {
      reward: resolved.reward,
      lambdaCu: resolved.lambdaCu,
      lambdaDiv: resolved.lambdaDiv as number,
      reduction: resolved.reduction,
      alpha: resolved.alpha,
      resamples: resolved.resamples,
      seed: resolved.seed,
    },
    inputs: {
      log: (await log.sha256?.()) ?? null,
      logging: options.logging === 'log' ? 'log' : options.logging.id,
    },
    policies,
    pairs,
    best: supported && contenders.length === 1 ? contenders[0]!.policy : null,
    rankStability: stability(resampled),
    agreement: agreements(candidates, chosen),
    truth: truth ? againstTruth(policies, truth) : null,
    verdict: supported ? verdict : 'unreliable',
    warnings: warningsOfAll(candidates, policies),
  };
}

function checkOptions({ targets, lambdaDiv, truth }: CompareOptions): void {
  if (targets.size < 2) {
    throw new UsageError('OPTION', `A comparison needs at least two policies, got ${targets.size}.`);
  }
  if (lambdaDiv === 'auto') {
    throw new UsageError(
      'OPTION',
      'lambdaDiv auto balances each policy in another way, so values would not compare; give a number.',
    );
  }
  const missing = truth && [...targets.keys()].find((name) => !Number.isFinite(truth[name]));
  if (missing === undefined) return;
  throw new UsageError('OPTION', `Option truth has no value of policy "${missing}"; name a number for each policy.`);
}

function unreliable(policies: readonly ComparedPolicy[]): PopeError {
  const lines = policies.flatMap(({ policy, reasons }) =>
    reasons.map(({ code, message }) => `\n  ${policy}: ${code}: ${message}`),
  );
  return new PopeError('UNRELIABLE', `The log does not support a value of every policy (strict):${lines.join('')}`);
}

/** The queries that no policy's run has seen, or all of them where they are asked for: the same for every policy. */
function heldOutByAll(log: SlateLog, { targets, allQueries }: CompareOptions): SlateLog {
  const everything = allQueries || log.split !== undefined;
  return [...targets.values()].reduce<SlateLog>(
    (rest, target) => new HeldOutLog(rest, { target, allQueries: everything }),
    log,
  );
}

async function candidateOf(
  log: SlateLog,
  plan: Plan,
  name: string,
  target: Policy,
  { logging, signal, onProgress }: CompareOptions,
): Promise<Candidate> {
  const { columns, counts } = await collect(log, {
    target,
    logging,
    reward: plan.reward,
    by: null,
    prediction: null,
    signal,
    onProgress: onProgress && (({ queries }) => onProgress({ phase: 'scores', done: queries, total: null })),
  });
  const scores = scoreFacts(target, logging, counts, columns);
  const { resolved } = plan;
  const rows: Row[] = [];
  for (const request of rowRequests(plan, columns).requests) {
    rows.push(await estimateRow(columns, { ...resolved, ...request, scores, signal }));
  }
  return {
    name,
    policy: target,
    columns,
    rows,
    warnings: warningsOf({ columns, counts, rows, resolved, target, logging }),
  };
}

interface ChosenRow {
  estimator: EstimatorName;
  normalise: Normalisation;
  selfNormalised: boolean;
}

/** As a headline, but supported for every policy; where nothing is, the first choice stays, and its verdict says so. */
function chosenRow(
  candidates: readonly Candidate[],
  estimator: EstimatorName | undefined,
  normalise: Normalisation | undefined,
): ChosenRow {
  const choices = (normalise ? [normalise] : (['none', 'tokens'] as const)).map((by): ChosenRow => {
    const name = estimator ?? 'decomposed';
    return { estimator: name, normalise: by, selfNormalised: by !== 'none' && name !== 'bound' };
  });
  const holds = (choice: ChosenRow) =>
    candidates.every((candidate) => rowOf(candidate, choice).estimate.verdict !== 'unreliable');
  return choices.find(holds) ?? choices[0]!;
}

function rowOf({ rows }: Candidate, { estimator, normalise }: Omit<ChosenRow, 'selfNormalised'>): Row {
  return rows.find(({ estimate }) => estimate.estimator === estimator && estimate.normalise === normalise)!;
}

function figureOf(
  candidate: Candidate,
  row: ChosenRow,
): { estimate: Estimate; statistic: Statistic | null; value: number | null } {
  const { estimate, statistics } = rowOf(candidate, row);
  const value = row.selfNormalised ? estimate.selfNormalised : estimate.value;
  const statistic = (row.selfNormalised ? statistics?.selfNormalised : statistics?.value) ?? null;
  return { estimate, statistic: value === null ? null : statistic, value };
}

function describe(
  { estimator, normalise, estimand, form, transform }: Estimate,
  selfNormalised: boolean,
): Comparison['row'] {
  return { estimator, normalise, estimand, form, transform, selfNormalised };
}

function stability(resampled: readonly Resampled[]): number | null {
  if (resampled.length < 2) return null;
  const values = resampled.map(({ value }) => value);
  let total = 0;
  let count = 0;
  for (const [i] of resampled[0]!.replicates.entries()) {
    const replicate = resampled.map(({ replicates }) => replicates[i]!);
    const correlation = replicate.every(Number.isFinite) ? spearman(values, replicate) : Number.NaN;
    if (Number.isNaN(correlation)) continue;
    total += correlation;
    count++;
  }
  return count === 0 ? null : total / count;
}

function agreements(
  candidates: readonly Candidate[],
  chosen: readonly { value: number | null }[],
): Comparison['agreement'] {
  const values = chosen.map(({ value }) => value);
  return candidates[0]!.rows.flatMap(({ estimate: { estimator, normalise } }) =>
    [false, true]
      .filter((selfNormalised) => !(selfNormalised && estimator === 'bound'))
      .map((selfNormalised) => {
        const others = candidates.map(
          (candidate) => figureOf(candidate, { estimator, normalise, selfNormalised }).value,
        );
        return { estimator, normalise, selfNormalised, spearman: correlationOf(spearman, values, others) };
      }),
  );
}

function againstTruth(
  policies: readonly ComparedPolicy[],
  truth: Readonly<Record<string, number>>,
): Comparison['truth'] {
  const values = policies.map(({ value }) => value);
  const truths = policies.map(({ policy }) => truth[policy]!);
  return {
    spearman: correlationOf(spearman, values, truths),
    kendall: correlationOf(kendallTau, values, truths),
    // Policies come best first.
    regret: Math.max(...truths) - truths[0]!,
  };
}

function correlationOf(
  correlation: (x: number[], y: number[]) => number,
  x: readonly (number | null)[],
  y: readonly (number | null)[],
): number | null {
  const known = (values: readonly (number | null)[]): values is number[] => values.every((value) => value !== null);
  if (!known(x) || !known(y)) return null;
  const result = correlation(x, y);
  return Number.isNaN(result) ? null : result;
}

/** Warnings of several policies say whose they are. */
function warningsOfAll(candidates: readonly Candidate[], policies: readonly ComparedPolicy[]): Warning[] {
  const byMessage = new Map<string, { code: string; names: string[] }>();
  const note = (name: string, { code, message }: Warning) => {
    const key = `${code}\n${message}`;
    const known = byMessage.get(key);
    if (known) known.names.push(name);
    else byMessage.set(key, { code, names: [name] });
  };
  for (const { name, warnings } of candidates) for (const warning of warnings) note(name, warning);
  for (const { policy, reasons } of policies) for (const reason of reasons) note(policy, reason);
  return [...byMessage].map(([key, { code, names }]) => {
    const message = key.slice(code.length + 1);
    return { code, message: names.length === candidates.length ? message : `${names.join(', ')}: ${message}` };
  });
}

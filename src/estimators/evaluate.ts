import type { SlateLog } from '../data/slate.js';
import { PopeError } from '../errors.js';
import { diagnose } from '../native/doctor.js';
import { collect } from './collect.js';
import { estimateRows } from './estimate-rows.js';
import { evaluateGroups, smallGroupWarnings } from './evaluate-groups.js';
import { headlineOf } from './headline.js';
import { HeldOutLog } from './held-out.js';
import { type EvaluateOptions, planOf } from './options.js';
import { estimateWithPredictions } from './predictions.js';
import type { Estimate, Evaluation, Verdict, Warning } from './result.js';
import { rowRequests } from './row-requests.js';
import { scoreFacts, warningsOf } from './warnings.js';

/** Queries between two progress reports. */
const PROGRESS_INTERVAL = 256;

/**
 * The pluralistic value of a target policy from a log that another policy wrote: every estimator under every
 * normalisation, parts, intervals, diagnostics, groups and a verdict (docs/theory.md sections 2 to 4 and 7).
 *
 * The log is read once, beside the scores; of it numbers are kept, 36 bytes a response, and the ids of the queries.
 * Log-probabilities are in nats; values are in units of the reward, except under estimand 'normalised': see `Evaluation`.
 *
 * @throws UsageError for an option that is unknown or out of range, SLATE_SOFT_SHARE, LAMBDA_AUTO, NO_GROUPS
 * @throws DataError SCORE_MISSING, SCORE_MISMATCH, SCORE_INVALID, PROPENSITY_MISSING naming query and response;
 *   NOTHING_HELD_OUT; what log and policies throw
 * @throws PopeError UNRELIABLE with `strict` where the verdict is 'unreliable'
 */
export async function evaluate(log: SlateLog, options: EvaluateOptions): Promise<Evaluation> {
  const plan = planOf(options);
  const { resolved } = plan;
  const { target, logging, signal, onProgress } = options;
  const judged = new HeldOutLog(log, options);
  const { columns, counts, groups, predictions } = await collect(judged, {
    target,
    logging,
    reward: plan.reward,
    by: resolved.by,
    prediction: resolved.prediction,
    signal,
    onProgress:
      onProgress &&
      (({ queries }) => {
        if (queries % PROGRESS_INTERVAL === 0) onProgress({ phase: 'scores', done: queries, total: null });
      }),
  });

  const scores = scoreFacts(target, logging, counts, columns);
  const { requests, skipped } = rowRequests(plan, columns);
  const rows = await estimateRows(columns, requests, {
    resolved,
    scores,
    signal,
    keeps: (row) => predictions !== null && isPlainDecomposed(row),
    onResample: onProgress && ((done) => onProgress({ phase: 'intervals', done, total: resolved.resamples })),
  });
  const estimates = rows.map((row) => row.estimate);
  const { headline, reasons } = headlineOf(estimates, scores.tokenizersDiffer);
  const warnings = [
    ...judged.warnings(),
    ...warningsOf({ columns, counts, rows, resolved, target, logging }),
    ...skipped,
    ...reasons,
  ];
  const verdict = headline?.verdict ?? 'unreliable';
  if (options.strict && verdict === 'unreliable') throw unreliable(reasons);
  const leading = headline ?? { estimator: 'decomposed', normalise: 'none' };
  const value = rows.find((row) => isPlainDecomposed(row.estimate))!;
  const predicted = predictions ? await estimateWithPredictions(columns, predictions, value, { resolved, signal }) : [];
  const grouped = await evaluateGroups(columns, groups.selections(), { resolved, requests, scores, leading, signal });
  const evaluation: Evaluation = {
    queries: columns.queryIds.length,
    responses: columns.reward.length,
    headline,
    options: resolved,
    inputs: {
      log: (await log.sha256?.()) ?? null,
      target: target.id,
      logging: logging === 'log' ? 'log' : logging.id,
    },
    estimates,
    predicted,
    weightHistograms: rows.map((row) => row.weights),
    ...grouped,
    verdict,
    warnings: [...warnings, ...smallGroupWarnings(grouped.groups, resolved)],
    environment: { ...diagnose() },
  };
  return options.strict ? withoutUnreliable(evaluation) : evaluation;
}

/** The row that predictions stand beside. */
function isPlainDecomposed({ estimator, normalise }: Estimate): boolean {
  return estimator === 'decomposed' && normalise === 'none';
}

/** An evaluation from which no number can be read that the log does not support. */
function withoutUnreliable(evaluation: Evaluation): Evaluation {
  const supported = <T extends { verdict: Verdict }>(rows: readonly T[]) =>
    rows.filter((row) => row.verdict !== 'unreliable');
  const estimates = supported(evaluation.estimates);
  const predicted = supported(evaluation.predicted);
  const groups = evaluation.groups.map((group) => ({
    ...group,
    estimates: group.small ? [] : supported(group.estimates),
  }));
  const lengths = (parts: readonly (readonly unknown[])[]) => parts.reduce((count, rows) => count + rows.length, 0);
  const left = lengths([evaluation.predicted, ...[evaluation, ...evaluation.groups].map((part) => part.estimates)]);
  const kept = lengths([predicted, estimates, ...groups.map((group) => group.estimates)]);
  const compared = groups.filter((group) => !group.small);
  const { acrossGroups } = evaluation;
  const holds = compared.every(({ estimates: rows }) =>
    rows.some((row) => row.estimator === acrossGroups?.estimator && row.normalise === acrossGroups.normalise),
  );
  const message = `${left - kept} unreliable estimates are left out (strict)`;
  return {
    ...evaluation,
    estimates,
    predicted,
    groups,
    acrossGroups: holds ? acrossGroups : null,
    warnings: left === kept ? evaluation.warnings : [...evaluation.warnings, { code: 'LEFT_OUT', message }],
  };
}

function unreliable(reasons: readonly Warning[]): PopeError {
  const lines = reasons.map(({ code, message }) => `\n  ${code}: ${message}`).join('');
  return new PopeError('UNRELIABLE', `The log does not support a value of this policy (strict):${lines}`);
}

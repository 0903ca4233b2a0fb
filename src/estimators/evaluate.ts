import type { SlateLog } from '../data/slate.js';
import { PopeError } from '../errors.js';
import { diagnose } from '../native/doctor.js';
import { balancedLambdaDiv } from './balance.js';
import { collect } from './collect.js';
import { type LogColumns, select } from './columns.js';
import { fillIntervals } from './fill-intervals.js';
import { headlineOf } from './headline.js';
import { HeldOutLog } from './held-out.js';
import { type EvaluateOptions, formOf, isSlateSoftShare, type Plan, planOf, transformOf } from './options.js';
import type { EstimatorName, Evaluation, Form, Normalisation, Warning } from './result.js';
import { estimateRow, type Row } from './row.js';
import { policiesDiffer, warningsOf } from './warnings.js';

/** Queries between two progress reports. */
const PROGRESS_INTERVAL = 256;

/**
 * The pluralistic value of a target policy from a log that another policy wrote: every estimator under every
 * normalisation, parts, intervals, diagnostics, groups and a verdict (docs/theory.md sections 2 to 4 and 7).
 *
 * The log is read as often as there are policies, plus once; numbers only are kept, about 60 bytes a response.
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
  const { columns, counts, groups } = await collect(judged, {
    target,
    logging,
    reward: plan.reward,
    by: resolved.by,
    signal,
    onProgress:
      onProgress &&
      (({ queries }) => {
        if (queries % PROGRESS_INTERVAL === 0) onProgress({ phase: 'scores', done: queries, total: null });
      }),
  });

  const { requests, skipped } = rowRequests(plan, columns);
  const estimateAll = async (part: LogColumns, onResample?: (done: number) => void): Promise<Row[]> => {
    const rows = requests.map((request) => estimateRow(part, { ...resolved, ...request }));
    await fillIntervals(part, rows, { resolved, signal, onResample });
    return rows;
  };
  const rows = await estimateAll(
    columns,
    onProgress && ((done) => onProgress({ phase: 'intervals', done, total: resolved.resamples })),
  );
  const groupResults: Evaluation['groups'] = [];
  for (const { group, selection } of groups.selections()) {
    const part = select(columns, selection);
    const { length: queries } = part.queryIds;
    const estimates = (await estimateAll(part)).map((row) => row.estimate);
    groupResults.push({ group, queries, responses: part.reward.length, estimates });
  }

  const estimates = rows.map((row) => row.estimate);
  const { headline, reasons } = headlineOf(estimates, policiesDiffer(target, logging, 'tokenizer'));
  const warnings = [
    ...judged.warnings(),
    ...warningsOf({ columns, counts, rows, resolved, target, logging }),
    ...skipped,
    ...reasons,
  ];
  const verdict = headline?.verdict ?? 'unreliable';
  if (options.strict && verdict === 'unreliable') throw unreliable(reasons);
  return {
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
    groups: groupResults,
    verdict,
    warnings,
    environment: { ...diagnose() },
  };
}

interface RowRequest {
  estimator: EstimatorName;
  normalise: Normalisation;
  form: Form;
  lambdaDiv: number;
  transform: ReturnType<typeof transformOf>;
}

/** What each row computes. lambda_div 'auto' is settled on the whole log, so that groups are valued alike. */
function rowRequests(plan: Plan, columns: LogColumns): { requests: RowRequest[]; skipped: Warning[] } {
  const { estimators, normalise, lambdaCu, lambdaDiv } = plan.resolved;
  const meaningful = estimators.filter((name) => !isSlateSoftShare(name, formOf(plan, name), plan.reward));
  const requests = normalise.flatMap((normalisation) =>
    meaningful.map((estimator): RowRequest => {
      const form = formOf(plan, estimator);
      return {
        estimator,
        normalise: normalisation,
        form,
        lambdaDiv: lambdaDiv === 'auto' ? balancedLambdaDiv(columns, normalisation, form, lambdaCu) : lambdaDiv,
        transform: transformOf(plan, normalisation),
      };
    }),
  );
  if (meaningful.length === estimators.length) return { requests, skipped: [] };
  const message = `slate is left out: with form soft and a reward whose shares sum to 1 it measures the mean weight and no preference`;
  return { requests, skipped: [{ code: 'SLATE_SOFT_SHARE', message }] };
}

function unreliable(reasons: readonly Warning[]): PopeError {
  const lines = reasons.map(({ code, message }) => `\n  ${code}: ${message}`).join('');
  return new PopeError('UNRELIABLE', `The log does not support a value of this policy (strict):${lines}`);
}

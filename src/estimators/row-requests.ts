import { balancedLambdaDiv } from './balance.js';
import type { LogColumns } from './columns.js';
import { formOf, isSlateSoftShare, type Plan, transformOf } from './options.js';
import type { EstimatorName, Form, Normalisation, Warning } from './result.js';

export interface RowRequest {
  estimator: EstimatorName;
  normalise: Normalisation;
  form: Form;
  lambdaDiv: number;
  transform: ReturnType<typeof transformOf>;
}

/** What each row computes. lambda_div 'auto' is settled on the whole log, so that groups are valued alike. */
export function rowRequests(plan: Plan, columns: LogColumns): { requests: RowRequest[]; skipped: Warning[] } {
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

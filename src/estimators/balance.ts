import { UsageError } from '../errors.js';
import { type LogColumns, normalised } from './columns.js';
import type { Form, Normalisation } from './result.js';
import { CompensatedSum } from './sum.js';

/** Utility and diversity part of R_k at lambda 1, 1 (docs/theory.md section 3). */
export function rewardParts(form: Form, reward: number, logProb: number): { utility: number; diversity: number } {
  if (form === 'soft') return { utility: reward, diversity: -logProb };
  if (form === 'gated') return { utility: reward, diversity: -reward * logProb };
  return { utility: Math.exp(logProb) * reward, diversity: -Math.exp(logProb) * logProb };
}

/**
 * The lambda_div under which both parts of R_k have the same standard deviation over the responses of the log.
 *
 * @throws UsageError LAMBDA_AUTO where the diversity part is constant
 */
export function balancedLambdaDiv(columns: LogColumns, normalise: Normalisation, form: Form, lambdaCu: number): number {
  const { logProb } = normalised(columns, normalise);
  const parts = Array.from(logProb, (value, k) => rewardParts(form, columns.reward[k]!, value));
  const diversity = deviation(parts.map((part) => part.diversity));
  if (diversity === 0) {
    throw new UsageError(
      'LAMBDA_AUTO',
      `lambdaDiv "auto" cannot balance the parts under normalise ${normalise}, form ${form}: the diversity part is the same for every response; give a number.`,
    );
  }
  return (lambdaCu * deviation(parts.map((part) => part.utility))) / diversity;
}

/** Whether R_k <= 0, from the factor of R_k that can be: the other, pi, is positive even where it underflows. */
export function rewardVanishes(
  form: Form,
  reward: number,
  logProb: number,
  lambdaCu: number,
  lambdaDiv: number,
): boolean {
  const factor = form === 'gated' ? reward * (lambdaCu - lambdaDiv * logProb) : lambdaCu * reward - lambdaDiv * logProb;
  return factor <= 0;
}

function deviation(values: readonly number[]): number {
  const total = new CompensatedSum();
  for (const value of values) total.add(value);
  const mean = total.value / values.length;
  const squares = new CompensatedSum();
  for (const value of values) squares.add((value - mean) ** 2);
  return Math.sqrt(squares.value / values.length);
}

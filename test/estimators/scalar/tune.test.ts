import { describe, expect, it } from 'vitest';
import { biasOfTransform } from '../../../src/estimators/scalar/bias.js';
import { estimate } from '../../../src/estimators/scalar/estimate.js';
import { type TuneOptions, tune } from '../../../src/estimators/scalar/tune.js';
import { expectGolden, fixture, LOGS, logOf, OURS } from './fixtures.js';

describe.each(LOGS)('Open Bandit Pipeline on %s', (name) => {
  const { input, obp } = fixture(name);
  const log = logOf(input);

  it('gives the bias of clipping and its bound', () => {
    const weights = estimate(log, 'ips').weights!;
    for (const { lambda, q, delta, bias, bias_upper_bound } of obp.bias) {
      const clipped = estimate(log, 'ips', { lambda }).weights!;
      const residuals = Float64Array.from(input.reward, (r: number, i) =>
        q === 'none' ? r : r - input.q_hat[i * input.k + input.action[i]],
      );
      expectGolden(biasOfTransform(weights, clipped, residuals), bias, `bias ${lambda} ${q}`);
      expectGolden(biasOfTransform(weights, clipped, residuals, delta), bias_upper_bound, `bound ${lambda} ${q}`);
    }
  });

  it('chooses the same lambdas for the same reasons', () => {
    for (const row of obp.tuning) {
      const { tuned, method, use_bias_upper_bound: biasBound, delta, lambdas_given: lambdas } = row;
      const what = `${tuned} ${method} ${biasBound} ${delta}`;
      const { lambda, estimate: best, candidates } = tune(log, OURS[tuned]!, { lambdas, method, delta, biasBound });
      expect(
        candidates.map((candidate) => candidate.lambda),
        what,
      ).toEqual(row.order_tried);
      candidates.forEach(({ value, score }, i) => {
        const [theta, golden] = [row.theta?.[i], (row.half_width ?? row.mse_scores)[i]];
        // Sub-Gaussian weights that are 0/0 are the peer's only NaN.
        if (Number.isNaN(golden)) return;
        if (theta !== undefined) expectGolden(value, theta, `theta ${i} of ${what}`);
        expectGolden(score, golden, `score ${i} of ${what}`);
      });
      // Which lambda the peer takes where one is NaN is an accident.
      if ((row.half_width ?? row.mse_scores).some(Number.isNaN)) continue;
      expect(lambda, what).toBe(row.best_lambda);
      expectGolden(best.value, row.value, what);
    }
  });
});

describe('tune', () => {
  const log = { reward: [1, 0, 1], propensity: [0.5, 0.1, 0.5], policyOfAction: [0.5, 0.9, 0.1] };

  it('takes the only lambda there is', () => {
    for (const method of ['slope', 'mse'] as const) {
      const { lambda, estimate: best } = tune(log, 'ips', { lambdas: [2], method });
      expect(lambda).toBe(2);
      expect(best.value).toBe(estimate(log, 'ips', { lambda: 2 }).value);
    }
  });

  it.each<[string, string, TuneOptions, RegExp]>([
    ['nothing to choose from', 'ips', { lambdas: [] }, /at least one/],
    ['an estimator without a lambda', 'psis-ips', { lambdas: [1] }, /cannot be tuned/],
    ['a self-normalised estimator', 'snips', { lambdas: [1] }, /cannot be tuned/],
    ['a lambda out of range', 'sg-ips', { lambdas: [0, 2] }, /from 0 to 1/],
    ['another method', 'ips', { lambdas: [1], method: 'cv' as 'mse' }, /"cv"/],
    ['delta 0', 'ips', { lambdas: [1], delta: 0 }, /delta/],
  ])('refuses %s', (_, name, options, message) => {
    expect(() => tune(log, name, options)).toThrow(
      expect.objectContaining({ code: 'ESTIMATE_OPTION', message: expect.stringMatching(message) }),
    );
  });
});

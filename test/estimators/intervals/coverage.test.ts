import { describe, expect, it } from 'vitest';
import { interval } from '../../../src/estimators/intervals/interval.js';
import { Random } from '../../../src/estimators/random.js';
import { estimate } from '../../../src/estimators/scalar/estimate.js';

/** POPE_INTERVAL_LOGS=2000 measures what docs/estimators.md quotes. */
const LOGS = Number(process.env.POPE_INTERVAL_LOGS ?? 60);
const N = 500;
const LOGGING = [0.4, 0.3, 0.2, 0.1];
const TARGET = [0.1, 0.2, 0.3, 0.4];
const SUCCESS = [0.2, 0.4, 0.5, 0.7];
const TRUTH = TARGET.reduce((total, p, a) => total + p * SUCCESS[a]!, 0);

/** Binary rewards; weights from 0.25 to 4, whose effective sample share is 0.4. */
function logged(seed: number, rounds: number) {
  const random = new Random(seed);
  const action = Array.from({ length: rounds }, () => random.categorical(LOGGING));
  return {
    reward: action.map((a) => Number(random.uniform() < SUCCESS[a]!)),
    propensity: action.map((a) => LOGGING[a]!),
    policyOfAction: action.map((a) => TARGET[a]!),
  };
}

/** Misses below and above the truth, as shares of the logs, and the mean width. */
function measure(method: string, estimator: string, range: [number, number]) {
  let [below, above, width] = [0, 0, 0];
  for (let seed = 0; seed < LOGS; seed++) {
    const options = { range, weightRange: [0, 4] as const, resamples: 500, seed };
    const { low, high } = interval(estimate(logged(seed, N), estimator), method, options);
    below += Number(high < TRUTH);
    above += Number(low > TRUTH);
    width += (high - low) / LOGS;
  }
  if (process.env.POPE_INTERVAL_LOGS) {
    const covered = (100 * (1 - (below + above) / LOGS)).toFixed(1);
    console.log(`| ${method} | ${estimator} | ${covered} % | ${width.toFixed(3)} |`);
  }
  return 1 - (below + above) / LOGS;
}

/** Three standard errors of a share of 0.95. */
const SLACK = 3 * Math.sqrt((0.95 * 0.05) / LOGS);

describe('95 % intervals of logs of 500 rounds', () => {
  it.each([
    ['bootstrap-percentile', 'ips'],
    ['bootstrap-bca', 'ips'],
    ['t', 'ips'],
    ['normal', 'ips'],
    ['bootstrap-bca', 'snips'],
    ['t', 'snips'],
    ['empirical-likelihood', 'ips'],
  ])('%s of %s covers what it claims', (method, estimator) => {
    const covered = measure(method, estimator, [0, 1]);
    expect(covered).toBeGreaterThanOrEqual(0.95 - SLACK);
    expect(covered).toBeLessThanOrEqual(0.95 + SLACK);
  });

  it.each<[string, [number, number]]>([
    ['hoeffding', [0, 4]],
    ['empirical-bernstein', [0, 4]],
    ['confidence-sequence', [0, 1]],
    ['cressie-read', [0, 1]],
    ['clopper-pearson', [0, 1]],
  ])('%s of ips covers at least what it claims', (method, range) => {
    expect(measure(method, 'ips', range)).toBeGreaterThanOrEqual(0.95 - SLACK);
  });
});

describe('a confidence sequence that is watched', () => {
  it('rarely ever excludes the truth', () => {
    let alarms = 0;
    for (let seed = 0; seed < LOGS; seed++) {
      const { reward, propensity, policyOfAction } = logged(seed, N);
      for (let seen = 10; seen <= N; seen = Math.ceil(seen * 1.1)) {
        const part = estimate(
          {
            reward: reward.slice(0, seen),
            propensity: propensity.slice(0, seen),
            policyOfAction: policyOfAction.slice(0, seen),
          },
          'ips',
        );
        const { low, high } = interval(part, 'confidence-sequence', { range: [0, 1] });
        if (low <= TRUTH && TRUTH <= high) continue;
        alarms++;
        break;
      }
    }
    if (process.env.POPE_INTERVAL_LOGS) console.log(`false alarms: ${((100 * alarms) / LOGS).toFixed(2)} %`);
    expect(alarms / LOGS).toBeLessThanOrEqual(0.05);
  });
});

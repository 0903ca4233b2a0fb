import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/estimators/evaluate.js';
import { slateEstimates } from '../../src/estimators/slate-estimates.js';
import { type ScoredResponse, slatesOf, targetOf } from './support.js';

/** A slate of one response whose reward is its signal is an ordinary bandit round: published IPS and SNIPS values apply. */
const LOGS = [
  'log-n200-k3-binary',
  'log-n200-k10-continuous',
  'log-n200-k4-signed',
  'log-n2000-k5-binary',
  'log-n2000-k10-continuous',
];

interface Point {
  estimator: string;
  policy: string;
  params: { lambda?: number | 'inf'; use_estimated_pscore?: boolean };
  value: number;
}

interface Golden {
  n: number;
  reward: Float64Array;
  target: Float64Array;
  logging(estimated: boolean): Float64Array;
  points: Point[];
}

function golden(name: string): Golden {
  const { input, obp } = JSON.parse(readFileSync(new URL(`../fixtures/ope/${name}.json`, import.meta.url), 'utf8'));
  const n: number = input.n;
  return {
    n,
    reward: Float64Array.from(input.reward),
    // Probability 0 as a finite log-probability: its exponential is 0.
    target: Float64Array.from({ length: n }, (_, i) =>
      Math.max(Math.log(input.pi_e[i * input.k + input.action[i]]), -1e4),
    ),
    logging: (estimated) => Float64Array.from(estimated ? input.est_pscore : input.pscore, Math.log),
    points: obp.point.filter(
      ({ estimator, policy, params }: Point) =>
        ['ipw', 'snipw'].includes(estimator) && policy === 'pi_e' && params.lambda !== 0,
    ),
  };
}

function transformOf({ params }: Point): string {
  return typeof params.lambda === 'number' ? `clip:${params.lambda}` : 'identity';
}

describe.each(LOGS)('%s', (name) => {
  const { n, reward, target, logging, points } = golden(name);

  it('slateEstimates gives the published IPS and SNIPS values', () => {
    expect(points.length).toBeGreaterThan(3);
    for (const point of points) {
      const data = {
        logProb: target,
        loggingLogProb: logging(point.params.use_estimated_pscore ?? false),
        reward,
        slateOffsets: Int32Array.from({ length: n + 1 }, (_, i) => i),
      };
      const selfNormalise = point.estimator === 'snipw';
      const options = {
        form: 'soft',
        lambdaCu: 1,
        lambdaDiv: 0,
        transform: transformOf(point),
        selfNormalise,
      } as const;
      const { slate, decomposed } = slateEstimates(data, options);
      for (const { value } of [slate, decomposed]) {
        expect(Math.abs(value - point.value)).toBeLessThan(1e-12 + 1e-9 * Math.abs(point.value));
      }
    }
  });

  it.runIf(name.endsWith('binary'))('evaluate gives them from a log', async () => {
    for (const point of points) {
      const loggingLogProb = logging(point.params.use_estimated_pscore ?? false);
      const log = Array.from(reward, (signal, i): ScoredResponse[] => [
        { signal, logProb: target[i]!, loggingLogProb: loggingLogProb[i]! },
      ]);
      const { estimates } = await evaluate(slatesOf(log), {
        target: targetOf(log),
        logging: 'log',
        normalise: 'none',
        reward: 'identity',
        form: 'soft',
        lambdaDiv: 0,
        transform: transformOf(point),
        interval: 't',
      });
      for (const row of estimates.filter(({ estimator }) => estimator !== 'bound')) {
        const value = point.estimator === 'snipw' ? row.selfNormalised! : row.value!;
        expect(Math.abs(value - point.value)).toBeLessThan(1e-12 + 1e-9 * Math.abs(point.value));
      }
    }
  });
});

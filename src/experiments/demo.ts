import { LoggedDataset } from '../data/dataset.js';
import { evaluate } from '../estimators/evaluate.js';
import type { Estimate, Evaluation } from '../estimators/result.js';
import { tabularWorld } from './worlds/tabular.js';
import { expectedEstimate, trueValue } from './worlds/tabular-truth.js';

export interface DemoRow {
  estimator: Estimate['estimator'];
  normalise: Estimate['normalise'];
  /** V of the target for the form of this row; 'expected' and 'soft' weigh responses differently. */
  trueValue: number;
  /** V_Z: what the estimator would converge to without clipping. */
  expected: number;
  estimate: Estimate;
}

export interface Demo {
  world: { seed: number; contexts: number; candidates: number; slateSize: number; queries: number };
  rows: DemoRow[];
  evaluation: Evaluation;
}

const WORLD = { contexts: 6, candidates: 12, slateSize: 4 };
const QUERIES = 1000;

/**
 * The built-in example: a tabular world with known truth, a log of 1000 slates that its logging policy wrote, and the
 * evaluation of another policy from that log alone, under 'none' and under the paper's 'tokens'. Deterministic for a seed.
 */
export async function demo({ seed = 0, signal }: { seed?: number; signal?: AbortSignal } = {}): Promise<Demo> {
  const world = tabularWorld({ seed, ...WORLD });
  const log = LoggedDataset.fromSlates(world.sample(QUERIES));
  const options = { target: world.policy('target'), logging: 'log', normalise: 'tokens', reward: 'identity' } as const;
  const evaluation = await evaluate(log, { ...options, seed, signal });
  return {
    world: { seed, ...WORLD, queries: QUERIES },
    evaluation,
    rows: evaluation.estimates.map((estimate) => {
      const { estimator, normalise, form, lambdaCu, lambdaDiv } = estimate;
      const truth = { form, lambdaCu, lambdaDiv };
      return {
        estimator,
        normalise,
        trueValue: trueValue(world, truth).value,
        expected: expectedEstimate(world, estimator, normalise, truth).value,
        estimate,
      };
    }),
  };
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Budget, FULL_BUDGET } from './synthetic/budget.js';
import { methodNamed } from './synthetic/methods.js';
import { SLATE_SIZE } from './synthetic/valuation.js';
import { type CandidateResult, type Metrics, WorldRun } from './synthetic/world-run.js';
import { textWorld } from './worlds/text/text-world.js';

export interface TrainingDemo {
  world: { name: string; seed: number; queries: number; slates: number; slateSize: number };
  budget: Budget;
  /** The base model, and what each method made of it. */
  models: { policy: string; result: CandidateResult }[];
  /** People's own proportions with the best quality, from as many answers. */
  ideal: Metrics;
}

const WORLD = 'pluralistic';
const POLICIES = [
  ['Base', null],
  ['SFT', 'sft'],
  ['DPO', 'dpo'],
  ['POPE', 'pope'],
  ['opinion-weighted', 'opinion'],
] as const;

const DEMO_BUDGET: Budget = { ...FULL_BUDGET, steps: 300, temperatures: [1] };

/**
 * The whole loop in a text world with known truth: a base model is trained, a log is written by a policy of known propensities, the
 * base is aligned to the log by several methods with as many responses each, and every model answers the test queries. One call
 * of the experiment of docs/experiments.md, in a temporary folder. The same every time on one machine with one instruction set.
 */
export async function trainingDemo({
  seed = 0,
  budget = DEMO_BUDGET,
  signal,
  onProgress,
}: {
  seed?: number;
  budget?: Budget;
  signal?: AbortSignal | undefined;
  /** Models that are done, with the share of the one in training. */
  onProgress?: (progress: { policy: string; done: number; total: number }) => void;
} = {}): Promise<TrainingDemo> {
  const world = textWorld(WORLD, seed);
  const folder = await mkdtemp(join(tmpdir(), 'pope-demo-'));
  try {
    const models: TrainingDemo['models'] = [];
    let current: string = POLICIES[0][0];
    const report = (share: number) =>
      onProgress?.({ policy: current, done: models.length + share, total: POLICIES.length });
    const run = new WorldRun({ folder, world, budget, signal, onProgress: report });
    for (const [policy, method] of POLICIES) {
      signal?.throwIfAborted();
      current = policy;
      report(0);
      models.push({ policy, result: await run.candidate(method === null ? null : methodNamed(method)) });
    }
    const queries = world.queries().length;
    return {
      world: { name: WORLD, seed, queries, slates: queries * budget.slatesPerQuery, slateSize: SLATE_SIZE },
      budget,
      models,
      ideal: run.reference('human'),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

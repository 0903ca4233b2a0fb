import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { UsageError } from '../../errors.js';
import { writeFileAtomic } from '../../files/atomic.js';
import { readOwnJson } from '../../files/text.js';
import type { LoadOptions } from '../../models/load.js';
import { chosenDevice } from '../../tensor/device.js';
import { textWorld } from '../worlds/text/text-world.js';
import { type Budget, checkBudget, FULL_BUDGET } from './budget.js';
import { METHODS, methodNamed, type TrainingMethod } from './methods.js';
import { type SeedResults, summarise, type WorldSummary } from './summary.js';
import { type CandidateResult, WorldRun } from './world-run.js';

export interface SyntheticOptions {
  /** Folder of the experiment. Several processes may share it while they work on different worlds or seeds. */
  output: string;
  worlds: readonly string[];
  /** Names of methods and knobs; default: every method. */
  methods?: readonly string[];
  seeds: readonly number[];
  budget?: Budget;
  /** Where models are trained and asked; default: cpu. */
  device?: LoadOptions['device'];
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: SyntheticProgress) => void) | undefined;
  onResult?: ((result: { world: string; seed: number; result: CandidateResult }) => void) | undefined;
}

export interface SyntheticProgress {
  world: string;
  seed: number;
  method: string;
  /** Models done in this call, with the share that is done of the one in progress, and those that it has to do in all. */
  done: number;
  total: number;
}

/** table.json. */
export interface SyntheticTable {
  budget: Budget;
  worlds: WorldSummary[];
}

/** Policies of the world itself that stand beside what was trained. */
const REFERENCES = ['logging', 'human', 'mode'] as const;

/**
 * Trains, samples, judges and values a model for every method, world and seed, and summarises them (docs/experiments.md). What
 * is in `output` already is not done again, so that a call that was killed goes on with the same call.
 *
 * @throws UsageError WORLD_UNKNOWN, OPTION; EXPERIMENT_CHANGED where the folder was begun with another budget or
 *   device; what training throws
 */
export async function syntheticExperiment(options: SyntheticOptions): Promise<SyntheticTable> {
  const { output, worlds, seeds, budget = FULL_BUDGET, device = 'cpu', signal, onProgress, onResult } = options;
  const methods = options.methods?.map(methodNamed) ?? METHODS;
  const runs = seeds.flatMap((seed) =>
    worlds.map((name) => ({ seed, world: textWorld(name, seed), folder: join(output, `${name}-${seed}`) })),
  );
  if (runs.length === 0) throw new UsageError('OPTION', 'worlds and seeds: expected at least one of each, got none');
  await beginExperiment(output, { budget, device });

  const todo: (TrainingMethod | null)[] = [null, ...methods];
  const isLeft = (run: WorldRun) => todo.filter((method) => !run.isDone(method)).length;
  const total = runs.reduce((sum, { world, folder }) => sum + isLeft(new WorldRun({ world, folder, budget })), 0);
  let done = 0;
  const results = new Map<string, SeedResults[]>(worlds.map((name) => [name, []]));
  for (const { seed, world, folder } of runs) {
    let method: TrainingMethod | null = null;
    const report = (share: number) =>
      onProgress?.({ world: world.name, seed, method: method?.name ?? 'base', done: done + share, total });
    const run = new WorldRun({ world, folder, budget, device, signal, onProgress: report });
    const candidates: CandidateResult[] = [];
    for (method of todo) {
      signal?.throwIfAborted();
      const isNew = !run.isDone(method);
      if (isNew) report(0);
      const result = await run.candidate(method);
      candidates.push(result);
      if (!isNew) continue;
      done++;
      onResult?.({ world: world.name, seed, result });
    }
    const references = REFERENCES.map((policy) => ({ policy, metrics: run.reference(policy) }));
    results.get(world.name)!.push({ seed, references, candidates });
  }
  return { budget, worlds: [...results].map(([world, of]) => summarise(world, of)) };
}

/**
 * Keeps what all of an experiment shares: the budget, and the device, since a GPU rounds otherwise than a CPU.
 *
 * @throws UsageError OPTION; EXPERIMENT_CHANGED where the folder was begun with others
 */
export async function beginExperiment(
  output: string,
  { budget, device }: { budget: Budget; device: LoadOptions['device'] },
): Promise<void> {
  checkBudget(budget);
  const path = join(output, 'experiment.json');
  const now = JSON.stringify({ budget, device: chosenDevice(device ?? 'cpu') }, null, 2);
  if (!existsSync(path)) return writeFileAtomic(path, `${now}\n`);
  const before = await readOwnJson<object>(path);
  if (isDeepStrictEqual(before, JSON.parse(now))) return;
  throw new UsageError(
    'EXPERIMENT_CHANGED',
    `${path}: the experiment was begun with ${JSON.stringify(before)}, not with ${JSON.stringify(JSON.parse(now))}; ` +
      'name another folder',
  );
}

import { join } from 'node:path';
import type { LoadOptions } from '../../models/load.js';
import { textWorld } from '../worlds/text/text-world.js';
import { type Budget, FULL_BUDGET } from './budget.js';
import { beginExperiment } from './experiment.js';
import { TRIED, type TrainingMethod } from './methods.js';
import { WorldRun } from './world-run.js';

/** A seed that no comparison uses: other queries, people, logs and models. */
const TUNING_SEED = 100;

export interface TuningOptions {
  /** Folder of the experiment. */
  output: string;
  worlds: readonly string[];
  /** Default: all. */
  families?: readonly string[];
  budget?: Budget;
  /** Where models are trained and asked; default: cpu. */
  device?: LoadOptions['device'];
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { world: string; method: string; done: number; total: number }) => void) | undefined;
}

/** tuning.json: what was tried of each family, the best first. */
export interface TuningTable {
  budget: Budget;
  worlds: string[];
  families: { family: string; settings: TunedSetting[] }[];
}

export interface TunedSetting {
  name: string;
  /** The temperature at which its score is highest. */
  temperature: number;
  /** Mean over worlds of utility + coverage of 6 by share, over validation queries. */
  score: number;
  utility: number;
  weightedCoverage6: number;
}

/**
 * Trains every setting of every family in each world under a seed of its own, and compares them by answers to validation
 * queries: utility + coverage of 6 by share, both parts of what is wanted in their own units, at the setting's best temperature.
 *
 * @throws UsageError WORLD_UNKNOWN, OPTION; EXPERIMENT_CHANGED where the folder was begun with another budget or
 *   device; what training throws
 */
export async function tuneMethods(options: TuningOptions): Promise<TuningTable> {
  const { output, worlds, families, budget = FULL_BUDGET, device = 'cpu', signal, onProgress } = options;
  const tried = TRIED.filter(({ family }) => families?.includes(family) ?? true);
  await beginExperiment(output, { budget, device });
  const runs = worlds.map((name) => {
    const world = textWorld(name, TUNING_SEED);
    return new WorldRun({ world, folder: join(output, `${name}-tuning`), budget, device, signal });
  });
  const total = runs.length * tried.length;
  const settings: (TunedSetting & { family: string })[] = [];
  let done = 0;
  for (const method of tried) {
    const results = [];
    for (const [i, run] of runs.entries()) {
      signal?.throwIfAborted();
      onProgress?.({ world: worlds[i]!, method: method.name, done: done++, total });
      results.push(await run.validation(method));
    }
    settings.push({ family: method.family, ...best(method, results) });
  }
  const table = [...new Set(settings.map(({ family }) => family))].map((name) => ({
    family: name,
    settings: settings
      .filter(({ family }) => family === name)
      .map(({ family: _, ...setting }) => setting)
      .sort((a, b) => b.score - a.score),
  }));
  return { budget, worlds: [...worlds], families: table };
}

/** A setting at the temperature that suits all worlds best. */
function best(method: TrainingMethod, results: Awaited<ReturnType<WorldRun['validation']>>[]): TunedSetting {
  const mean = (of: (result: (typeof results)[number]) => number) =>
    results.reduce((sum, result) => sum + of(result), 0) / results.length;
  const scored = results[0]!.map(({ temperature }, t) => {
    const utility = mean((result) => result[t]!.metrics.utility!);
    const weightedCoverage6 = mean((result) => result[t]!.metrics.weightedCoverage6!);
    return { name: method.name, temperature, score: utility + weightedCoverage6, utility, weightedCoverage6 };
  });
  return scored.reduce((a, b) => (b.score > a.score ? b : a));
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AtomicWriter } from '../../data/atomic-writer.js';
import { LoggedDataset } from '../../data/dataset.js';
import { writeFileAtomic } from '../../files/atomic.js';
import { locked, OutputLock } from '../../files/lock.js';
import { readOwnJson } from '../../files/text.js';
import type { CausalModel } from '../../models/causal-model.js';
import { type LoadOptions, loadModel } from '../../models/load.js';
import { LocalPolicy } from '../../policy/local-policy.js';
import { scoreToFile } from '../../policy/score-cache.js';
import { scoreFile } from '../../policy/score-file.js';
import type { SampleMetrics } from '../worlds/text/judge.js';
import type { TextRole } from '../worlds/text/roles.js';
import type { TextWorld } from '../worlds/text/text-world.js';
import type { ScoredAnswer } from '../worlds/text/value.js';
import { sampleAnswers } from './answers.js';
import type { Budget } from './budget.js';
import type { TrainingMethod } from './methods.js';
import { type Trained, train, trainBase } from './training.js';
import { SLATE_SIZE, type Valuation, valuate } from './valuation.js';

/** What is measured of a policy's answers to the test queries (docs/worlds.md). */
export const METRICS = [
  'utility',
  'coverage6',
  'coverage50',
  'weightedCoverage6',
  'totalVariation',
  'groupEntropy',
  'invalidShare',
  'distinct2',
] as const satisfies (keyof SampleMetrics)[];
export type Metric = (typeof METRICS)[number];

/** Means over the test queries; null where there are too few answers for it. */
export type Metrics = Record<Metric, number | null>;

/** result.json of a trained model. */
export interface CandidateResult {
  method: string;
  family: string;
  /** Of training; 0 for the base model itself. */
  steps: number;
  tokens: number;
  warnings: string[];
  temperatures: { temperature: number; metrics: Metrics }[];
  value: Valuation;
}

interface WorldRunOptions {
  folder: string;
  world: TextWorld;
  budget: Budget;
  /** Where models are trained and asked; default: cpu. */
  device?: LoadOptions['device'];
  signal?: AbortSignal | undefined;
  /** Share of the training in progress that is done. */
  onProgress?: ((done: number) => void) | undefined;
}

/**
 * Everything of one world: base model, log, and a folder for each method. Every stage is a file, or a folder with a last
 * file, that appears whole; what is there is not made again.
 */
export class WorldRun {
  readonly #options: WorldRunOptions;

  constructor(options: WorldRunOptions) {
    this.#options = options;
  }

  /** Whether all of a method (null: the base model) is done. */
  isDone(method: TrainingMethod | null): boolean {
    return existsSync(join(this.#folderOf(method), 'result.json'));
  }

  /** Trains, samples, judges and values a method's model; null: the base model. */
  async candidate(method: TrainingMethod | null): Promise<CandidateResult> {
    const folder = this.#folderOf(method);
    return stage(join(folder, 'result.json'), async () => {
      const { world, budget, device = 'cpu', signal } = this.#options;
      const trained = await this.#train(method);
      using model = await loadModel(join(folder, 'run', 'model'), { device, frozen: true });
      const temperatures = await this.#answered(model, 'test', folder);
      const policy = new LocalPolicy(model);
      const log = await this.#log(0, 'test');
      const scores = join(folder, 'scores.jsonl');
      if (!existsSync(scores)) await scoreToFile(policy, log, scores, signal ? { signal } : {});
      const { answers } = temperatures.find(({ temperature }) => temperature === 1)!;
      const value = await valuate(world, { policy, scores: scoreFile(scores), log, answers }, { ...budget, signal });
      return {
        method: method?.name ?? 'base',
        family: method?.family ?? 'base',
        steps: method === null ? 0 : trained.steps,
        tokens: method === null ? 0 : trained.tokens,
        warnings: trained.warnings.map(({ code }) => code),
        temperatures: temperatures.map(({ temperature, metrics }) => ({ temperature, metrics })),
        value,
      };
    });
  }

  /** Trains a method's model and measures its answers to validation queries at every temperature. */
  async validation(method: TrainingMethod): Promise<{ temperature: number; metrics: Metrics }[]> {
    const folder = this.#folderOf(method);
    return stage(join(folder, 'validation.json'), async () => {
      await this.#train(method);
      const { device = 'cpu' } = this.#options;
      using model = await loadModel(join(folder, 'run', 'model'), { device, frozen: true });
      const temperatures = await this.#answered(model, 'validation', folder);
      return temperatures.map(({ temperature, metrics }) => ({ temperature, metrics }));
    });
  }

  /** The metrics of a policy of the world itself, from as many answers. */
  reference(role: TextRole): Metrics {
    const { world, budget } = this.#options;
    const samples = world.sample(role, 'test', budget.samples);
    const answers = [...samples].map(([id, texts]) => [id, texts.map((text) => ({ text, logProb: 0 }))] as const);
    return metricsOf(world, new Map(answers));
  }

  #folderOf(method: TrainingMethod | null): string {
    return join(this.#options.folder, method?.name ?? 'base');
  }

  async #train(method: TrainingMethod | null): Promise<Trained> {
    const { world, budget, device = 'cpu', signal } = this.#options;
    const base = this.#folderOf(null);
    const trained = await trainBase(world, {
      folder: base,
      steps: budget.baseSteps,
      device,
      signal,
      onProgress: this.#report,
    });
    if (method === null) return trained;
    const { settings, wrongLabels = 0 } = method;
    return train({
      from: join(base, 'run', 'model'),
      log: () => this.#log(wrongLabels),
      output: join(this.#folderOf(method), 'run'),
      settings: { ...settings, steps: budget.steps, seed: world.seed },
      logging: 'log',
      device,
      signal,
      onProgress: this.#report,
    });
  }

  readonly #report = ({ step, steps }: { step: number; steps: number }): void => {
    this.#options.onProgress?.(step / steps);
  };

  async #log(wrongLabels: number, split?: 'test'): Promise<LoggedDataset> {
    const { folder, world, budget } = this.#options;
    const path = join(folder, wrongLabels === 0 ? 'log.jsonl' : `log-${100 * wrongLabels}-wrong.jsonl`);
    if (!existsSync(path)) {
      const slates = budget.slatesPerQuery * world.queries().length;
      const writer = await AtomicWriter.create(path);
      for (const slate of world.log(undefined, { slates, slateSize: SLATE_SIZE, wrongLabels }))
        await writer.line(slate);
      await writer.commit();
    }
    return LoggedDataset.open(path, { split });
  }

  /** A model's answers to the queries of a split at every temperature, kept in its folder, and their metrics. */
  async #answered(model: CausalModel, split: 'validation' | 'test', folder: string) {
    const { world, budget, signal } = this.#options;
    const { samples } = budget;
    const kept = split === 'test' ? 'answers' : `answers-${split}`;
    const all = [];
    for (const temperature of budget.temperatures) {
      const answers = await stage(join(folder, `${kept}-${temperature}.json`), async () => {
        const options = { samples, temperature, seed: world.seed, signal };
        return [...(await sampleAnswers(model, world.queries(split), options))];
      });
      all.push({ temperature, answers: new Map(answers), metrics: metricsOf(world, new Map(answers)) });
    }
    return all;
  }
}

function metricsOf(world: TextWorld, answers: ReadonlyMap<string, readonly ScoredAnswer[]>): Metrics {
  const judgement = world.judge(new Map([...answers].map(([id, of]) => [id, of.map(({ text }) => text)])));
  return Object.fromEntries(METRICS.map((name) => [name, judgement[name]?.mean ?? null])) as Metrics;
}

/** What was written here, or what is computed now and then written. @throws UsageError OUTPUT_LOCKED */
async function stage<T>(path: string, compute: () => Promise<T>): Promise<T> {
  if (existsSync(path)) return readOwnJson<T>(path);
  return locked(OutputLock.ofFile(path), async () => {
    const value = await compute();
    await writeFileAtomic(path, `${JSON.stringify(value)}\n`);
    return value;
  });
}

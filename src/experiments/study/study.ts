import { join } from 'node:path';
import { UsageError } from '../../errors.js';
import type { BackboneConfig, DataConfig, MethodConfig, StudyConfig } from './config.js';
import { type StageEvent, Stages } from './stages.js';

export interface StudyProgress {
  label: string;
  done: number;
  total: number | undefined;
  unit: string;
}

export interface StudyOptions {
  /** Folder of the study. */
  output: string;
  /** Seed of a configuration that names none; default 0. */
  seed?: number | undefined;
  signal?: AbortSignal | undefined;
  onStage?: ((event: StageEvent) => void) | undefined;
  onProgress?: ((progress: StudyProgress) => void) | undefined;
}

/**
 * A configuration with its folder: what the stages are given (`prepareData`, `prepareBackbone`, `loggingPolicy`, `trainMethod`,
 * `generateAnswers`, `measureAnswers`, `valueModel`, `judgeAnswers`). Every stage can be called as often as one likes: it is done once.
 */
export class Study<C extends StudyConfig = StudyConfig> {
  readonly stages: Stages;
  readonly seeds: readonly number[];
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (progress: StudyProgress) => void;

  constructor(
    readonly config: C,
    private readonly options: StudyOptions,
    stages?: Stages,
  ) {
    const { output, seed = 0, signal, onStage, onProgress } = options;
    this.stages = stages ?? new Stages(config.stages ?? join(output, 'stages'), onStage);
    this.seeds = config.seeds ?? [seed];
    this.signal = signal;
    this.onProgress = onProgress ?? (() => {});
  }

  /** The same study and stages with other settings. */
  with(settings: Partial<StudyConfig>): Study<C> {
    return new Study({ ...this.config, ...settings }, this.options, this.stages);
  }

  /** @throws UsageError STUDY_CONFIG for a name that the configuration lacks; likewise the next two */
  data(name: string): DataConfig {
    return find('data', this.config.data, name);
  }

  backbone(name: string): BackboneConfig {
    return find('backbones', this.config.backbones, name);
  }

  method(name: string): MethodConfig {
    return find('methods', this.config.methods, name);
  }

  /** The method that others are compared with, or null. */
  get baseline(): string | null {
    const { baseline, methods } = this.config;
    return baseline ?? methods.find(({ name }) => name === 'SFT')?.name ?? null;
  }
}

function find<T extends { name: string }>(key: string, list: readonly T[], name: string): T {
  const found = list.find((item) => item.name === name);
  if (found !== undefined) return found;
  const known = list.map((item) => item.name).join(', ');
  throw new UsageError('STUDY_CONFIG', `${key}: expected one of ${known}, got "${name}"`);
}

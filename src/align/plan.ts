import type { SlateLog } from '../data/slate.js';
import type { CausalModel } from '../models/causal-model.js';
import { availableMemory } from '../tensor/available-memory.js';
import type { ResolvedSettings } from './options.js';
import { openTraining, scheduleOf, type TrainingSources } from './prepare.js';
import { type MemoryEstimate, type RehearsedSettings, rehearse } from './rehearsal.js';
import { readTrainingLog, type TrainingLog } from './training-log.js';

/** What a run would take, for `--dry-run`. */
export interface RunPlan {
  parameters: number;
  slates: { train: number; validation: number };
  leftOut: TrainingLog['leftOut'];
  /** Tokens of the responses of the training slates. */
  tokens: number;
  stepsPerEpoch: number;
  steps: number;
  /** Bytes. */
  memory: MemoryEstimate;
  /** Bytes that there are (`availableMemory`). */
  available: number;
  /** What the same run would take with other flags, from the most memory to the least. */
  alternatives: { flags: string; memory: MemoryEstimate }[];
}

export interface PlanOptions {
  /** How many ranks would share the work; default 1. Memory is that of one of them. */
  ranks?: number;
  /** As for `align`. */
  zero?: 0 | 1;
  signal?: AbortSignal | undefined;
}

/** Adapters of this rank are what an alternative has. */
const RANK = 8;

/**
 * What `align` would do, without scoring or writing anything. The model may be a dry one (`loadModel` with `dry`); nothing is
 * done with its weights.
 *
 * @throws as `align` for settings and log
 */
export async function planRun(
  model: CausalModel,
  log: SlateLog,
  sources: TrainingSources,
  settings: ResolvedSettings,
  { ranks = 1, zero = 0, signal }: PlanOptions = {},
): Promise<RunPlan> {
  const opened = await openTraining(model, log, sources, settings, signal);
  const training = await readTrainingLog(opened.encoded, opened.sources, settings);
  const { steps } = scheduleOf(settings, training);
  const rehearsed = { ...settings, ranks, zero };
  const { parameters, memory } = await rehearse(model, training, rehearsed, steps);
  const alternatives: RunPlan['alternatives'] = [];
  for (const { flags, changes } of changesOf(model, rehearsed)) {
    signal?.throwIfAborted();
    const other = await rehearse(model, training, { ...rehearsed, ...changes }, steps);
    if (other.memory.total < memory.total) alternatives.push({ flags, memory: other.memory });
  }
  return {
    parameters,
    slates: { train: training.train.length, validation: training.validation.length },
    leftOut: training.leftOut,
    tokens: training.train.reduce(
      (sum, { responses }) => sum + responses.reduce((all, { ids }) => all + ids.length, 0),
      0,
    ),
    stepsPerEpoch: Math.ceil(training.train.length / settings.batch),
    steps,
    memory,
    available: availableMemory(model.deviceKind),
    alternatives: alternatives.sort((a, b) => b.memory.total - a.memory.total),
  };
}

type Change = { flags: string; changes: Partial<RehearsedSettings> };

/** Every combination of what saves memory and is not asked for already. */
function changesOf(model: CausalModel, settings: RehearsedSettings): Change[] {
  const { batchTokens, ranks, zero } = settings;
  const fewer = Math.ceil(batchTokens / 4);
  const single: Change[] = [];
  if (settings.lora === null && model.adapterOptions === null) {
    single.push({ flags: `--lora ${RANK}`, changes: { lora: RANK, loraAlpha: 2 * RANK, frozen: true } });
  }
  if (ranks > 1 && zero === 0) single.push({ flags: '--zero 1', changes: { zero: 1 } });
  if (!settings.checkpointing) single.push({ flags: '--checkpointing', changes: { checkpointing: true } });
  if (fewer < batchTokens) single.push({ flags: `--batch-tokens ${fewer}`, changes: { batchTokens: fewer } });
  let all: Change[] = [];
  for (const one of single) {
    const both = all.map(({ flags, changes }) => ({
      flags: `${flags} ${one.flags}`,
      changes: { ...changes, ...one.changes },
    }));
    all = [...all, one, ...both];
  }
  return all;
}

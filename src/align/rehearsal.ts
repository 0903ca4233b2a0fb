import { partOf } from '../distributed/parts.js';
import type { CausalModel } from '../models/causal-model.js';
import { dryModel } from '../models/dry-model.js';
import { type Pack, type PlanOptions, planBatches, type TokenSlate } from '../models/packing.js';
import { BatchPlan } from './batch-plan.js';
import { trainedPart } from './method.js';
import { AdamW, adamW } from './optimizer.js';
import type { ResolvedSettings } from './options.js';
import { ownersOf } from './owners.js';
import { adapt } from './prepare.js';
import type { TrainingLog } from './training-log.js';
import { evenly, type TrainingSlate, tokenSlate } from './training-slate.js';

/** Bytes of the device. */
export interface MemoryEstimate {
  /** Weights, gradients and the two moments. */
  parameters: number;
  /** What a pass has besides at its peak. */
  activations: number;
  /** The largest sum of both. The process may hold up to twice as much, in blocks that it keeps for reuse. */
  total: number;
}

export interface Rehearsal {
  /** Numbers that train. */
  parameters: number;
  memory: MemoryEstimate;
}

/** Steps whose batches are looked at for the largest pass. */
const MOST_STEPS = 10_000;

/** A run of so many ranks, whose optimizers have all moments (0) or those of a part of the parameters (1). */
export interface RehearsedSettings extends ResolvedSettings {
  ranks: number;
  zero: 0 | 1;
  /** As if the model had been loaded so; default: as it was. */
  frozen?: boolean;
}

/**
 * What a run takes, of several ranks the one with the most of everything, found by doing its largest pass, a step of the optimizer and its largest measurement with a model on a
 * device that only counts: the same allocations in the same order, whatever the architecture, adapters and settings.
 *
 * @param model for its shapes; the one that is rehearsed with is another
 */
export async function rehearse(
  model: CausalModel,
  log: Pick<TrainingLog, 'train' | 'validation'>,
  settings: RehearsedSettings,
  steps: number,
): Promise<Rehearsal> {
  const { batchTokens, checkpointing, tokenEntropy, ranks, zero, frozen = model.weights.frozen } = settings;
  using dry = dryModel(model, { frozen });
  await adapt(dry, settings);
  const { lr } = settings;
  using optimizer = zero === 1 ? new AdamW(dry.trained, { lr }, largestShare(dry, ranks)) : adamW(dry, { lr });
  const rope = model.config.family === 'gpt2' ? null : model.config.rope;
  const options = { batchTokens, packed: true, rope };
  const splits = [evenly(log.train, settings.validationQueries), log.validation];
  const measured = largestPass(partsOf(splits, ranks), options);
  const trained = largestPass(partsOf(batches(log.train, settings, steps), ranks), options);
  await dry.scoreTokens(measured, { entropy: tokenEntropy, batchTokens });
  const ones = trained.map(({ responses }) => responses.map(() => 1));
  await dry.accumulateGradient(trained, ones, { batchTokens, checkpointing });
  await optimizer.step();
  const { liveBytes: parameters } = dry.memoryStats();
  await dry.scoreTokens(measured, { entropy: tokenEntropy, batchTokens });
  const { peakBytes: total } = dry.memoryStats();
  return {
    parameters: [...dry.trained.tensors.values()].reduce((sum, { size }) => sum + size, 0),
    memory: { parameters, activations: total - parameters, total },
  };
}

/** Names of the parameters of the rank that has the most. */
function largestShare({ trained }: CausalModel, ranks: number): Set<string> {
  const owners = ownersOf(trained, ranks);
  const shares = Array.from({ length: ranks }, (_, rank) => {
    const names = [...owners].filter(([, owner]) => owner === rank).map(([name]) => name);
    return { names, size: names.reduce((sum, name) => sum + trained.tensors.get(name)!.size, 0) };
  });
  return new Set(shares.reduce((largest, each) => (each.size > largest.size ? each : largest)).names);
}

/** What each rank does of some batches. */
function* partsOf<T>(batches: Iterable<readonly T[]>, size: number): Generator<readonly T[]> {
  for (const batch of batches) for (let rank = 0; rank < size; rank++) yield partOf(batch, { rank, size });
}

/** The slates of each step. */
function* batches(
  slates: readonly TrainingSlate[],
  settings: ResolvedSettings,
  steps: number,
): Generator<TrainingSlate[]> {
  const plan = new BatchPlan({ slates: slates.length, batch: settings.batch, seed: settings.seed });
  for (let step = 0; step < Math.min(steps, MOST_STEPS); step++) {
    yield plan.at(step).map((position) => trainedPart(slates[position]!, settings, { step, position }));
  }
}

/** What the pass with the most rows goes over, of the passes that some batches of slates take. */
function largestPass(batches: Iterable<readonly TrainingSlate[]>, options: PlanOptions): TokenSlate[] {
  let largest: { rows: number; slates: TokenSlate[] } = { rows: 0, slates: [] };
  for (const batch of batches) {
    const slates = batch.map(tokenSlate);
    for (const packs of planBatches(slates, options)) {
      const rows = packs.reduce((sum, pack) => sum + pack.rows, 0);
      if (rows > largest.rows) largest = { rows, slates: packs.map((pack) => packed(slates, pack)) };
    }
  }
  return largest.slates;
}

function packed(slates: readonly TokenSlate[], { slate, responses }: Pack): TokenSlate {
  const whole = slates[slate]!;
  return { prompt: whole.prompt, responses: responses.map((k) => whole.responses[k]!) };
}

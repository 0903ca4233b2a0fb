import { partOf } from '../distributed/parts.js';
import type { Ranks } from '../distributed/ranks.js';
import type { CausalModel } from '../models/causal-model.js';
import type { RecordedScores } from '../models/recorded-scores.js';
import type { TokenScores } from '../models/score-batch.js';
import { BatchPlan } from './batch-plan.js';
import { Divergence, describePlace, explain, type StepPlace } from './failure.js';
import { trainedPart } from './method.js';
import type { Batch, Objective } from './objectives/batch.js';
import { type PopeObjective, pope } from './objectives/pope.js';
import type { Optimizer, StepResult } from './optimizer.js';
import type { ResolvedSettings } from './options.js';
import { learningRate, type Schedule } from './schedule.js';
import { type Push, pushOf, type WeightStatistics, weightStatistics } from './statistics.js';
import { accumulateStep } from './step-gradient.js';
import { batchOf, type ModelScores, type TrainingSlate, tokenSlate } from './training-slate.js';
import type { Measurement } from './warnings.js';

/** What one step did. */
export interface StepMetrics extends WeightStatistics {
  /** Steps done, this one included. */
  step: number;
  epoch: number;
  lr: number;
  /** J of the batch, before the step, and the loss -J. */
  value: number;
  loss: number;
  /** L2 norm before clipping; 0 for a step in which no slate had a gradient. */
  gradientNorm: number;
  slates: number;
  silentSlates: number;
  /** Tokens of the responses that were trained on. */
  tokens: number;
  push: Push;
}

export interface TrainerParts {
  model: CausalModel;
  optimizer: Optimizer;
  ranks: Ranks;
  slates: readonly TrainingSlate[];
  settings: ResolvedSettings;
  schedule: Schedule;
  objective: Objective;
  rule: PopeObjective;
}

/**
 * Trains a model on the slates of a log. A step has three phases: the log-probabilities of its slates; from them the
 * coefficient of every response; then forward and backward passes with these coefficients, in as many micro-batches as the
 * memory wants. Where one is enough, the first phase keeps its pass for the third. Which slates a step takes, and all that is
 * random, follow from seed and step alone. Of several ranks each does the passes over its own part of the slates; the second
 * phase is of all slates, in every rank the same.
 */
export class Trainer {
  readonly stepsPerEpoch: number;
  readonly #parts: TrainerParts;
  readonly #plan: BatchPlan;
  /** The step whose update the device may not have finished. */
  #ahead: { place: StepPlace; metrics: Omit<StepMetrics, 'gradientNorm'>; result: Promise<StepResult> } | null = null;
  #finished: StepMetrics[] = [];

  constructor(parts: TrainerParts) {
    const { slates, settings } = parts;
    this.#parts = parts;
    this.#plan = new BatchPlan({ slates: slates.length, batch: settings.batch, seed: settings.seed });
    this.stepsPerEpoch = this.#plan.stepsPerEpoch;
  }

  /**
   * Takes a step, of which the device may not have finished the update when it returns: how it went is known with the first
   * scores of the next one, so that the host waits for the device once a step.
   *
   * @param index counted from 0
   * @throws Divergence where the values are not finite, or the gradient of the step before was not; the weights are then as
   *   before the step that it names
   */
  async step(index: number): Promise<void> {
    const { slates, settings } = this.#parts;
    const positions = this.#plan.at(index);
    const batch = positions.map((position) => trainedPart(slates[position]!, settings, { step: index, position }));
    const epoch = 1 + Math.floor(index / this.stepsPerEpoch);
    const place: StepPlace = { step: index + 1, epoch, queries: batch.map(({ query }) => query) };
    try {
      await this.#step(batch, place);
    } catch (error) {
      throw explain(error, place, settings);
    }
  }

  /** Whether a step is not known to be finished. */
  get isAhead(): boolean {
    return this.#ahead !== null;
  }

  /** Waits for the last step. @throws Divergence where its gradient was not finite */
  async finish(): Promise<void> {
    if (this.#ahead === null) return;
    const { place } = this.#ahead;
    try {
      void this.#parts.model.flushReads();
      await this.#finishStep();
    } catch (error) {
      throw explain(error, place, this.#parts.settings);
    }
  }

  /** What the steps did that have finished since the last call. */
  takeFinished(): StepMetrics[] {
    return this.#finished.splice(0);
  }

  /** Of the step ahead, whose result has been read. */
  async #finishStep(): Promise<void> {
    if (this.#ahead === null) return;
    const { place, metrics, result } = this.#ahead;
    this.#ahead = null;
    const { applied, gradientNorm } = await result;
    if (!applied) throw new Divergence('the gradient', describePlace(place), { weightsAreGood: true });
    this.#finished.push({ ...metrics, gradientNorm });
  }

  async #step(slates: readonly TrainingSlate[], place: StepPlace): Promise<void> {
    const { model, ranks, settings } = this.#parts;
    const { batchTokens, checkpointing } = settings;
    const own = partOf(slates, ranks).map(tokenSlate);
    using recorded = await model.recordScores(own, { batchTokens, checkpointing });
    await this.#ascend(slates, place, recorded);
  }

  async #ascend(slates: readonly TrainingSlate[], place: StepPlace, recorded: RecordedScores | null): Promise<void> {
    const { model, optimizer, ranks, objective, rule, settings, schedule } = this.#parts;
    const scores = recorded ? await this.#modelScores(recorded.scores) : await this.#score(slates);
    await this.#finishStep();
    // Log-probabilities follow from the weights alone: it is these that are no good any more.
    checkFinite(scores.logProb, 'a log-probability', place, { weightsAreGood: false });
    const batch = batchOf(slates, scores);
    const gradient = objective(batch);
    checkFinite([gradient.value, ...gradient.coefficients], 'the value', place, { weightsAreGood: true });
    const pass = place.step;
    const tokens = await accumulateStep({ model, ranks, settings, slates, batch, gradient, pass, recorded });
    const lr = learningRate(schedule, place.step - 1);
    const result = tokens > 0 ? optimizer.stepAhead({ lr }) : Promise.resolve({ gradientNorm: 0, applied: true });
    result.catch(() => {}); // Whoever finishes the step gets it too; until then it is nobody's.
    const metrics = {
      step: place.step,
      epoch: place.epoch,
      lr,
      value: gradient.value,
      loss: -gradient.value,
      ...weightStatistics(batch, rule),
      slates: slates.length,
      silentSlates: gradient.silentSlates,
      tokens,
      push: pushOf(batch, gradient),
    };
    this.#ahead = { place, metrics, result };
  }

  /**
   * Measures whole slates, without training on them.
   *
   * @param steps done so far
   * @throws Divergence where a log-probability is not finite
   */
  async measure(slates: readonly TrainingSlate[], steps: number): Promise<Measurement> {
    try {
      return await this.#measure(slates, steps);
    } catch (error) {
      const queries = slates.map(({ query }) => query);
      throw explain(error, { step: steps, epoch: 0, queries }, this.#parts.settings);
    }
  }

  async #measure(slates: readonly TrainingSlate[], steps: number): Promise<Measurement> {
    const { objective, rule } = this.#parts;
    const batch = batchOf(slates, await this.#score(slates));
    if (!batch.targetLogProb.every(Number.isFinite)) {
      const query = JSON.stringify(firstNotFinite(batch));
      const place = `validation after step ${steps}, query ${query}`;
      throw new Divergence('a log-probability', place, { weightsAreGood: false });
    }
    const statistics = weightStatistics(batch, rule);
    const { value } = objective(batch);
    if (statistics.meanRho === null && batch.loggingLogProb.some(Number.isNaN)) {
      return { value, estimate: null, ...statistics };
    }
    const { utility, diversity, ...estimate } = pope(batch, { ...rule, proximity: 0 });
    return { value, estimate: { value: estimate.value, utility, diversity }, ...statistics };
  }

  async #score(slates: readonly TrainingSlate[]): Promise<ModelScores> {
    const { model, ranks, settings } = this.#parts;
    const { tokenEntropy: entropy, batchTokens } = settings;
    const own = partOf(slates, ranks).map(tokenSlate);
    return this.#modelScores(await model.scoreTokens(own, { entropy, batchTokens }));
  }

  /** @param scores of this rank's part; those of all ranks come back */
  async #modelScores(scores: readonly TokenScores[][]): Promise<ModelScores> {
    const { ranks, settings } = this.#parts;
    const scored = scores.flat();
    const meanEntropy = ({ entropies }: TokenScores) =>
      entropies!.reduce((sum, each) => sum + each, 0) / entropies!.length;
    return {
      logProb: await ranks.join(Float64Array.from(scored, ({ sum }) => sum)),
      entropy: settings.tokenEntropy ? await ranks.join(Float64Array.from(scored, meanEntropy)) : null,
    };
  }
}

function firstNotFinite({ offsets, queryIds, targetLogProb }: Batch): string | undefined {
  const response = targetLogProb.findIndex((value) => !Number.isFinite(value));
  return queryIds.find((_, i) => offsets[i + 1]! > response);
}

function checkFinite(
  values: ArrayLike<number>,
  what: string,
  place: StepPlace,
  options: { weightsAreGood: boolean },
): void {
  if (!Array.from(values).every(Number.isFinite)) throw new Divergence(what, describePlace(place), options);
}

import { cp, rename } from 'node:fs/promises';
import { ofAllRanks, type Ranks } from '../distributed/ranks.js';
import { InterruptedError } from '../errors.js';
import { replaceFolder } from '../files/folder.js';
import type { CausalModel } from '../models/causal-model.js';
import { Divergence } from './failure.js';
import type { MetricsFile } from './metrics-file.js';
import type { Optimizer } from './optimizer.js';
import type { ResolvedSettings } from './options.js';
import { type CheckpointFolder, type RunFolder, samePath } from './run-folder.js';
import type { StepMetrics, Trainer } from './trainer.js';
import type { TrainingSlate } from './training-slate.js';
import { addStep, bestEvaluation, emptyInterval, isStale, type TrainingState } from './training-state.js';
import { type Evaluation, trainingWarnings } from './warnings.js';

/** How far a run is, after every step; the fields of the same name in docs/training.md are of its slates, before the step. */
export interface AlignProgress {
  step: number;
  steps: number;
  loss: number;
  value: number;
  gradientNorm: number;
  effectiveSampleShare: number | null;
  tokensPerSecond: number;
  secondsLeft: number;
}

interface Parts {
  folder: RunFolder;
  ranks: Ranks;
  /** Null but in the first rank. */
  metrics: MetricsFile | null;
  model: CausalModel;
  optimizer: Optimizer;
  trainer: Trainer;
  settings: ResolvedSettings;
  steps: number;
  train: readonly TrainingSlate[];
  validation: readonly TrainingSlate[];
  signal: AbortSignal | undefined;
  onProgress: ((progress: AlignProgress) => void) | undefined;
  onEvaluation: ((evaluation: Evaluation) => void) | undefined;
  onWarning: ((warning: { code: string; message: string }) => void) | undefined;
}

/**
 * The loop of a run: steps, validations, checkpoints, and an end in time. Of several ranks all take the same turns; the first
 * one writes.
 */
export class Run {
  readonly #parts: Parts;
  #state: TrainingState;
  /** Step of the newest checkpoint on disk, -1 before the first. */
  #saved: number;
  readonly #clock = { started: performance.now(), last: performance.now(), tokens: 0, step: 0 };

  constructor(parts: Parts, state: TrainingState, saved: number) {
    this.#parts = parts;
    this.#state = state;
    this.#saved = saved;
    this.#clock.step = state.step;
  }

  get state(): TrainingState {
    return this.#state;
  }

  /**
   * Trains to the end and writes the model.
   *
   * @returns whether the steps ran out or validation got no better
   * @throws Divergence, naming the checkpoint with the last good weights; the signal's reason, after a checkpoint
   */
  async train(): Promise<'finished' | 'early'> {
    const { ranks, settings, steps, signal } = this.#parts;
    try {
      if (this.#state.history.length === 0) await this.#evaluate();
      while (this.#state.step < steps && !isStale(this.#state.history, settings.patience)) {
        if (await ranks.any(signal?.aborted ?? false)) await this.#stop();
        await this.#step();
      }
      await this.#checkpoint();
    } catch (error) {
      if (!(error instanceof Divergence)) throw error;
      throw ofAllRanks(await this.#diverged(error));
    } finally {
      await this.#parts.trainer.finish().catch(() => {}); // After a failure nobody asks how the step before it went.
    }
    await ranks.byFirst(async () => {
      await this.#writeModel();
      await this.#rotate(() => false);
    });
    return this.#state.step < steps ? 'early' : 'finished';
  }

  async #step(): Promise<void> {
    const { trainer, settings, steps } = this.#parts;
    const step = this.#state.step + (trainer.isAhead ? 2 : 1);
    await this.#record(() => trainer.step(step - 1));
    const isDue = (every: number) => every > 0 && step % every === 0;
    const isValidated = isDue(settings.validateEvery) || step === steps;
    if (!isValidated && !isDue(settings.checkpointEvery)) return;
    await this.#record(() => trainer.finish());
    const isBest = isValidated && (await this.#evaluate());
    if (isDue(settings.checkpointEvery) || isBest) await this.#checkpoint();
  }

  /** Takes in the steps that have finished meanwhile, also where there was a failure after them. */
  async #record(work: () => Promise<void>): Promise<void> {
    const { trainer, metrics } = this.#parts;
    try {
      await work();
    } finally {
      for (const result of trainer.takeFinished()) {
        this.#state = {
          ...this.#state,
          step: result.step,
          tokens: this.#state.tokens + result.tokens,
          interval: addStep(this.#state.interval, result),
        };
        const now = performance.now();
        await metrics?.append({ kind: 'step', ...result, seconds: (now - this.#clock.last) / 1000 });
        this.#clock.last = now;
        this.#report(result);
      }
    }
  }

  /** Measures both splits. Returns whether a checkpoint of this step has to be kept as the best so far. */
  async #evaluate(): Promise<boolean> {
    const { trainer, train, validation, metrics, settings } = this.#parts;
    const { step, interval } = this.#state;
    const evaluation: Evaluation = {
      step,
      training: await trainer.measure(train, step),
      validation: validation.length > 0 ? await trainer.measure(validation, step) : null,
      interval,
    };
    const values = [evaluation.training.value, evaluation.validation?.value ?? 0];
    if (!values.every(Number.isFinite)) {
      throw new Divergence('the value', `validation after step ${step}`, { weightsAreGood: true });
    }
    const history = [...this.#state.history, evaluation];
    this.#state = { ...this.#state, history, interval: emptyInterval() };
    await metrics?.append({ kind: 'validation', ...evaluation });
    this.#parts.onEvaluation?.(evaluation);
    const known = new Set(this.#state.warnings.map(({ code }) => code));
    const found = trainingWarnings(history, settings.method, settings.objective === 'bound');
    const fresh = found.filter(({ code }) => !known.has(code));
    this.#state = { ...this.#state, warnings: [...this.#state.warnings, ...fresh] };
    for (const warning of fresh) this.#parts.onWarning?.(warning);
    return settings.patience > 0 && bestEvaluation(history) === evaluation;
  }

  async #checkpoint(): Promise<void> {
    const { folder, ranks, model, optimizer, trainer, train } = this.#parts;
    const { step, history } = this.#state;
    if (this.#saved === step) return;
    // Weights may be finite and yet too large to give a log-probability: what is kept has given some.
    if (history.at(-1)?.step !== step) await trainer.measure(train.slice(0, 1), step);
    await optimizer.save(ranks.isFirst ? folder.draft : null);
    await ranks.byFirst(async () => {
      await this.#writeCheckpoint();
      // A resumed model takes config.json and tokenizer from the checkpoint that it was loaded from.
      await this.#rotate(({ model: source }) => samePath(source, model.folder));
    });
    this.#saved = step;
  }

  /** With the state of the optimizer, which has been written. */
  async #writeCheckpoint(): Promise<void> {
    const { folder, model, settings } = this.#parts;
    await folder.writeCheckpoint(this.#state.step, this.#state, async (target) => {
      if (settings.lora !== null) await model.saveAdapter(target.adapter);
      // With adapters the model is only needed where it may become the result.
      if (settings.lora === null || settings.patience > 0) await model.save(target.model);
      await rename(folder.draft, target.optimizer);
    });
  }

  /** Deletes old checkpoints, but neither the best nor what is spared. */
  async #rotate(spares: (checkpoint: CheckpointFolder) => boolean): Promise<void> {
    const { folder, settings, steps } = this.#parts;
    const best = settings.patience > 0 ? bestEvaluation(this.#state.history)?.step : undefined;
    await folder.rotate(settings.keep, {
      isDue: ({ step }) => step % settings.checkpointEvery === 0 || step === steps,
      spares: (each) => each.step === best || spares(each),
    });
  }

  async #stop(): Promise<never> {
    await this.#record(() => this.#parts.trainer.finish());
    await this.#checkpoint();
    const { signal } = this.#parts;
    throw ofAllRanks(
      signal?.aborted ? signal.reason : new InterruptedError('INTERRUPTED', 'stopped by a signal to another rank'),
    );
  }

  async #diverged(error: Divergence): Promise<Error> {
    const { folder } = this.#parts;
    if (error.weightsAreGood) await this.#checkpoint();
    const last = (await folder.checkpoints()).at(-1);
    const where =
      last === undefined ? 'no checkpoint was written before it' : `the last good weights are in ${last.path}`;
    return new Divergence(error.what, error.place, { weightsAreGood: error.weightsAreGood, where });
  }

  /** With patience the best model, else the last; adapters also merged. */
  async #writeModel(): Promise<void> {
    const { folder, model, settings } = this.#parts;
    const best = settings.patience > 0 ? bestEvaluation(this.#state.history) : null;
    if (best === null || best.step === this.#state.step) {
      if (settings.lora !== null) await model.saveAdapter(folder.adapter);
      return model.save(folder.model);
    }
    const source = folder.checkpoint(best.step);
    const copy = (from: string, to: string, marker: string) =>
      replaceFolder(to, marker, (temporary) => cp(from, temporary, { recursive: true }));
    if (settings.lora !== null) await copy(source.adapter, folder.adapter, 'adapter_config.json');
    await copy(source.model, folder.model, 'config.json');
  }

  #report({ loss, value, gradientNorm, effectiveSampleShare, tokens }: StepMetrics): void {
    const { steps, onProgress } = this.#parts;
    const { step } = this.#state;
    this.#clock.tokens += tokens;
    const seconds = (performance.now() - this.#clock.started) / 1000;
    onProgress?.({
      step,
      steps,
      loss,
      value,
      gradientNorm,
      effectiveSampleShare,
      tokensPerSecond: this.#clock.tokens / seconds,
      secondsLeft: ((steps - step) * seconds) / (step - this.#clock.step),
    });
  }
}

import type { FusedHead } from '../tensor/ops/index.js';
import { Tape } from '../tensor/tape.js';
import { backward, type Coefficients, type OnFinal, type Trainable } from './accumulate-gradient.js';
import { type BatchOptions, batchOptions } from './batch-options.js';
import { checkSlates } from './check-tokens.js';
import { layOut, type PackedBatch, planBatches, type TokenSlate } from './packing.js';
import { scoreBatch, scoresOf, type TokenScores } from './score-batch.js';

export interface RecordOptions extends BatchOptions {
  /** See `GradientOptions`. */
  checkpointing?: boolean;
}

/**
 * Scores of some slates whose forward pass is still on its tape: coefficients that follow from the scores can go back through
 * it, where `accumulateGradient` would have to run it again. Holds memory until `backward` or `dispose`.
 */
export class RecordedScores {
  /** scores[i][k] of response k of slate i, with entropies. */
  readonly scores: TokenScores[][];
  readonly #model: Trainable;
  readonly #batch: PackedBatch;
  readonly #tape: Tape;
  readonly #results: FusedHead;

  private constructor(
    model: Trainable,
    recording: { batch: PackedBatch; tape: Tape; results: FusedHead },
    scores: TokenScores[][],
  ) {
    this.#model = model;
    this.#batch = recording.batch;
    this.#tape = recording.tape;
    this.#results = recording.results;
    this.scores = scores;
  }

  /**
   * Null where the two passes cannot be one: the slates are more than one batch, or training has dropout, which scores do not.
   *
   * @throws as `CausalModel.scoreTokens`
   */
  static async of(
    model: Trainable,
    slates: readonly TokenSlate[],
    options: RecordOptions,
  ): Promise<RecordedScores | null> {
    const { temperature, batchTokens, packed } = batchOptions(options);
    const { config, device, trained, adapters } = model;
    checkSlates(slates, config);
    const rope = config.family === 'gpt2' ? null : config.rope;
    const batches = planBatches(slates, { batchTokens, packed, rope });
    if (batches.length !== 1 || (adapters?.options.dropout ?? 0) > 0) return null;
    await device.ready();
    const batch = layOut(slates, batches[0]!);
    const tape = new Tape(device, { checkpointing: options.checkpointing ?? false });
    trained.watchOn(tape);
    const results = tape.record(() => scoreBatch(model, batch, temperature));
    try {
      const [logProbs, entropies] = await device.readAll([results.logProbs, results.entropies]);
      const scores = slates.map((slate) => new Array<TokenScores>(slate.responses.length));
      for (const { slate, response, ...own } of scoresOf(batch, logProbs!, entropies!)) scores[slate]![response] = own;
      return new RecordedScores(model, { batch, tape, results }, scores);
    } catch (error) {
      tape.dispose();
      throw error;
    }
  }

  /** Adds to the gradients what `accumulateGradient` would, of the sums of log-probabilities and entropies. Once. */
  backward(coefficients: Coefficients, entropyCoefficients: Coefficients | null, onFinal?: OnFinal): void {
    this.#model.device.scope(() =>
      backward(this.#model, this.#tape, this.#batch, this.#results, {
        coefficients,
        entropyCoefficients,
        reduction: 'sum',
        onFinal,
      }),
    );
  }

  /** Idempotent; `backward` does it by itself. */
  dispose(): void {
    this.#tape.dispose();
  }

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

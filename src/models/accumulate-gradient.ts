import { describeValue, UsageError } from '../errors.js';
import type { FusedHead } from '../tensor/ops/index.js';
import { Tape } from '../tensor/tape.js';
import type { Tensor } from '../tensor/tensor.js';
import { Turns } from '../turns.js';
import { type BatchOptions, batchOptions } from './batch-options.js';
import { checkSlates } from './check-tokens.js';
import type { ModelConfig } from './config.js';
import type { LoraAdapters } from './lora.js';
import { layOut, type PackedBatch, planBatches, type TokenSlate } from './packing.js';
import { type Runner, scoreBatch } from './score-batch.js';
import type { TrainedParameters } from './trained-parameters.js';

export interface GradientOptions extends BatchOptions {
  /** e[i][k], the coefficient of the mean entropy of the tokens of response k of slate i; default: none. */
  entropyCoefficients?: readonly ArrayLike<number>[];
  /** Whether coefficients are of the mean (default) or of the sum of a response's token log-probabilities and entropies. */
  reduction?: 'mean' | 'sum';
  /** Keep only what enters each block and compute the rest again: the same bits, less memory, a third more time. */
  checkpointing?: boolean;
  /**
   * Number of this pass: with the adapters' seed and the index of slate, response and token it picks the masks of dropout,
   * however the slates are packed. Default: counted from 0; a run that is to be resumed gives its own.
   */
  pass?: number;
  /** Index of the first slate, for the same purpose, where others take the slates before it; default 0. */
  firstSlate?: number;
  /** Called with the gradient of a parameter once it has all of this pass; of some parameters perhaps never (`Tape.backward`). */
  onFinal?: OnFinal | undefined;
}

/** Told of a gradient to which nothing more is added. */
export type OnFinal = (gradient: Tensor<'f32'>) => void;

/** A model that trains. */
export interface Trainable extends Runner {
  config: ModelConfig;
  trained: TrainedParameters;
  adapters: LoraAdapters | null;
}

/** A coefficient for every response: c[slate][response]. */
export type Coefficients = readonly ArrayLike<number>[];

/**
 * Adds d/dtheta sum_ik (c_ik l_ik + e_ik H_ik) to the gradients, where l_ik is the mean (or sum) of the token
 * log-probabilities of response k of slate i and H_ik that of the entropies (docs/theory.md section 5). Batch by batch: forward
 * on a tape, then backward from c_ik / T_ik at each of the T_ik tokens. After an error the gradients hold a part: clear them.
 */
export async function accumulateGradient(
  model: Trainable,
  slates: readonly TokenSlate[],
  coefficients: Coefficients,
  options: GradientOptions,
): Promise<void> {
  const { entropyCoefficients, reduction = 'mean', checkpointing = false } = options;
  const { temperature, batchTokens, packed, signal } = batchOptions(options);
  if (reduction !== 'mean' && reduction !== 'sum') {
    throw new UsageError('REDUCTION', `reduction: expected "mean" or "sum", got ${describeValue(reduction)}`);
  }
  const { config, device, trained, adapters } = model;
  checkSlates(slates, config);
  checkCoefficients('coefficients', coefficients, slates);
  if (entropyCoefficients) checkCoefficients('entropyCoefficients', entropyCoefficients, slates);
  const rope = config.family === 'gpt2' ? null : config.rope;
  const { pass = trained.passes, firstSlate = 0 } = options;
  trained.passes++;
  const turns = new Turns();
  const batches = planBatches(slates, { batchTokens, packed, rope });
  for (const packs of batches) {
    signal?.throwIfAborted();
    await device.ready();
    if (turns.due) await turns.take();
    const batch = layOut(slates, packs, firstSlate);
    const run = () => {
      const tape = new Tape(device, { checkpointing });
      trained.watchOn(tape);
      const results = tape.record(() => scoreBatch(model, batch, temperature));
      backward(model, tape, batch, results, {
        coefficients,
        entropyCoefficients: entropyCoefficients ?? null,
        reduction,
        onFinal: packs === batches.at(-1) ? options.onFinal : undefined,
      });
    };
    device.scope(() => {
      if (!adapters) return run();
      const places = device.tensor(batch.places, [batch.places.length / 3, 3], 'i32');
      adapters.duringPass({ number: pass, places }, run);
    });
  }
}

/** Goes back through the recorded pass of a batch, from the coefficients of its responses. */
export function backward(
  { device, trained }: Trainable,
  tape: Tape,
  batch: PackedBatch,
  { logProbs, entropies }: FusedHead,
  given: {
    coefficients: Coefficients;
    entropyCoefficients: Coefficients | null;
    reduction: 'mean' | 'sum';
    onFinal: OnFinal | undefined;
  },
): void {
  const { coefficients, entropyCoefficients, reduction, onFinal } = given;
  const seed = (values: Coefficients) => {
    const seeds = tokenSeeds(batch, values, reduction);
    return device.tensor(seeds, [seeds.length]);
  };
  const seeds = [
    [logProbs, seed(coefficients)],
    ...(entropyCoefficients ? ([[entropies, seed(entropyCoefficients)]] as const) : []),
  ] as const;
  trained.backward(tape, seeds, onFinal);
}

/** The coefficient of every predicted token of a batch. */
function tokenSeeds({ spans, targets }: PackedBatch, coefficients: Coefficients, reduction: 'mean' | 'sum') {
  const seeds = new Float32Array(targets.length);
  for (const { slate, response, start, count } of spans) {
    const coefficient = coefficients[slate]![response]!;
    seeds.fill(reduction === 'mean' ? coefficient / count : coefficient, start, start + count);
  }
  return seeds;
}

function checkCoefficients(name: string, coefficients: Coefficients, slates: readonly TokenSlate[]): void {
  const refuse = (place: string, expected: string, got: string) => {
    throw new UsageError('COEFFICIENTS', `${name}${place}: expected ${expected}, got ${got}`);
  };
  if (coefficients.length !== slates.length) {
    refuse('', `one array per slate (${slates.length})`, `${coefficients.length}`);
  }
  for (const [i, { responses }] of slates.entries()) {
    const own = coefficients[i]!;
    if (own.length !== responses.length) {
      refuse(`[${i}]`, `one number per response (${responses.length})`, `${own.length}`);
    }
    for (let k = 0; k < own.length; k++) {
      if (!Number.isFinite(own[k])) refuse(`[${i}][${k}]`, 'a finite number', describeValue(own[k]));
    }
  }
}

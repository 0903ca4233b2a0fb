import { createHash, randomUUID } from 'node:crypto';
import type { TrainedQueries } from '../data/trained-queries.js';
import { describeValue, UsageError } from '../errors.js';
import type { MemoryStats } from '../native/addon.js';
import type { Device, DeviceKind } from '../tensor/device.js';
import { gatherRows, matmul } from '../tensor/ops/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { Turns } from '../turns.js';
import { accumulateGradient, type GradientOptions } from './accumulate-gradient.js';
import { readAdapterOptions, readAdapterWeights, saveAdapter } from './adapter-files.js';
import { type BatchOptions, batchOptions } from './batch-options.js';
import { checkSequence, checkSlates } from './check-tokens.js';
import type { ModelConfig } from './config.js';
import { type Generation, generateBatch } from './generate.js';
import type { GenerateBatchOptions, GenerateOptions } from './generate-options.js';
import type { GenerationPrompt } from './generation-plan.js';
import { LoraAdapters, type LoraOptions } from './lora.js';
import type { Network } from './network.js';
import { NetworkInputs } from './network-inputs.js';
import { layOut, type PackedBatch, planBatches, type TokenSlate } from './packing.js';
import { RecordedScores, type RecordOptions } from './recorded-scores.js';
import { isLong } from './rope.js';
import { writable } from './safetensors-writer.js';
import { saveModel } from './save.js';
import { scoreBatch, scoresOf, type TokenScores } from './score-batch.js';
import type { Tokenizer } from './tokenizer.js';
import { TrainedParameters } from './trained-parameters.js';
import { readTrainedQueries } from './training-file.js';
import type { ModelWeights } from './weights.js';

export interface ScoreTokensOptions extends BatchOptions {
  /** Also give the entropy of every token's distribution over the vocabulary. */
  entropy?: boolean;
  /** false: the base model, without its adapters (`addLora`); default true. */
  adapters?: boolean;
}

interface Parts {
  name: string;
  folder: string;
  config: ModelConfig;
  tokenizer: Tokenizer | null;
  trainedOn: TrainedQueries | null;
  hash: string;
  dtype: 'f32' | 'bf16';
  device: Device;
  weights: ModelWeights;
  network: Network;
}

/** A causal language model on a device. `loadModel` makes it; `dispose` gives its memory back. */
export class CausalModel {
  /** What it was loaded by: the folder, or its id on the hub. */
  readonly name: string;
  /** Folder it was loaded from. */
  readonly folder: string;
  readonly config: ModelConfig;
  /** null when the folder has no tokenizer.json. */
  readonly tokenizer: Tokenizer | null;
  /** What its matrices are multiplied in. */
  readonly dtype: 'f32' | 'bf16';
  private parameters: TrainedParameters;
  private fileHash: string;
  private queries: TrainedQueries | null;
  /** Tells the changed weights of this object from those of any other. */
  private readonly changes = randomUUID();
  private readonly device: Device;
  /** Its parameters on the device. */
  readonly weights: ModelWeights;
  private readonly network: Network;
  private readonly inputs: NetworkInputs;

  constructor({ name, folder, config, tokenizer, trainedOn, hash, dtype, device, weights, network }: Parts) {
    this.name = name;
    this.folder = folder;
    this.config = config;
    this.tokenizer = tokenizer;
    this.queries = trainedOn;
    this.fileHash = hash;
    this.dtype = dtype;
    this.device = device;
    this.weights = weights;
    this.network = network;
    this.inputs = new NetworkInputs(device, config);
    this.parameters = this.ownParameters();
  }

  /** Where it computes. */
  get deviceKind(): DeviceKind {
    return this.device.kind;
  }

  /** What optimizers change: all parameters, or the adapters only; of a frozen model without adapters nothing. */
  get trained(): TrainedParameters {
    return this.parameters;
  }

  /**
   * `sha256:` of config.json and the weight files. Weights that were changed in memory have another one, which no file
   * gives: save and load them to give them a lasting one.
   */
  get hash(): string {
    const { version } = this.trained;
    return version === 0 ? this.fileHash : sha256(`${this.fileHash} ${this.changes} ${version}`);
  }

  /** The queries that `align` trained it on, in this process or before it was saved; null where it never did. */
  get trainedOn(): TrainedQueries | null {
    return this.queries;
  }

  /** Remembers more of them, also in the folders that the model is saved to. */
  addTrainedQueries(queries: TrainedQueries): void {
    this.queries = this.queries?.and(queries) ?? queries;
  }

  /** Most tokens of prompt and response together. */
  get context(): number {
    return this.config.context;
  }

  /** Number of token ids. */
  get vocabulary(): number {
    return this.config.vocabulary;
  }

  /** Reads what waits for the next read (`Device.readWithNext`). */
  flushReads(): Promise<void> {
    return this.device.flushReads();
  }

  /** Of the adapters that it has; null without. */
  get adapterOptions(): LoraOptions | null {
    return this.weights.adapters?.options ?? null;
  }

  /** Live tensors and bytes of the model's device. */
  memoryStats(): MemoryStats {
    return this.device.memoryStats();
  }

  /**
   * Scores responses given their prompts; ids are taken as given, no end token is added.
   *
   * @returns scores[i][k] of response k of slate i
   * @throws DataError `EMPTY_SLATE`, `EMPTY_PROMPT`, `EMPTY_RESPONSE`, `TOKEN_OUT_OF_RANGE` or `CONTEXT_OVERFLOW` before
   *   anything runs; UsageError for a wrong option
   */
  async scoreTokens(slates: readonly TokenSlate[], options: ScoreTokensOptions = {}): Promise<TokenScores[][]> {
    const { entropy = false, adapters = true } = options;
    const { temperature, batchTokens, packed, signal } = batchOptions(options);
    checkSlates(slates, this.config);
    const rope = this.config.family === 'gpt2' ? null : this.config.rope;
    const scores = slates.map((slate) => new Array<TokenScores>(slate.responses.length));
    const batches: { batch: PackedBatch; results: Tensor<'f32'>[] }[] = [];
    const turns = new Turns();
    try {
      for (const packs of planBatches(slates, { batchTokens, packed, rope })) {
        signal?.throwIfAborted();
        await this.device.ready();
        if (turns.due) await turns.take();
        const batch = layOut(slates, packs);
        batches.push({ batch, results: this.runHead(batch, temperature, { entropy, adapters }) });
      }
      const values = await this.device.readAll(batches.flatMap(({ results }) => results));
      for (const { batch } of batches) {
        const [logProbs, entropies] = values.splice(0, entropy ? 2 : 1);
        for (const { slate, response, ...own } of scoresOf(batch, logProbs!, entropies ?? null)) {
          scores[slate]![response] = own;
        }
      }
    } finally {
      for (const { results } of batches) for (const tensor of results) tensor.dispose();
    }
    return scores;
  }

  /**
   * Logits at some positions of one sequence; those at position p predict the token at p + 1.
   *
   * @param options.positions default: all
   * @returns f32 [positions, vocabulary], row-major
   * @throws DataError as `scoreTokens`; UsageError `POSITION`
   */
  async logits(ids: ArrayLike<number>, options: { positions?: readonly number[] } = {}): Promise<Float32Array> {
    const length = ids.length;
    checkSequence(ids, this.config);
    const positions = options.positions ?? Array.from({ length }, (_, i) => i);
    const wrong = positions.find((p) => !Number.isInteger(p) || p < 0 || p >= length);
    if (wrong !== undefined) {
      throw new UsageError(
        'POSITION',
        `positions: expected numbers from 0 to ${length - 1}, got ${describeValue(wrong)}`,
      );
    }
    const long = this.config.family !== 'gpt2' && isLong(this.config.rope, length);
    const logits = this.device.scope(() => {
      const input = this.inputs.upload({
        ids: Int32Array.from(ids),
        positions: Int32Array.from({ length }, (_, i) => i),
        longRows: new Uint8Array(length).fill(long ? 1 : 0),
        segments: Int32Array.of(0, length, 0, 0),
        length,
      });
      const rows = this.device.tensor(Int32Array.from(positions), [positions.length], 'i32');
      return matmul(gatherRows(this.network.forward(input), rows), this.network.head, { transposed: true });
    });
    return this.readAndDispose(logits);
  }

  /**
   * Goes on from a prompt: draws tokens one by one until a stop token, `maxTokens` or the end of the context.
   *
   * @returns the new ids; the stop token is the last one
   * @throws DataError `EMPTY_PROMPT`, `TOKEN_OUT_OF_RANGE` or `CONTEXT_OVERFLOW`; UsageError for a wrong option
   */
  async generate(promptIds: ArrayLike<number>, options: GenerateOptions): Promise<number[]> {
    const [[generation]] = (await this.generateBatch([{ ids: promptIds }], options)) as [[Generation]];
    return generation.ids;
  }

  /**
   * Draws `n` samples for each of many prompts. A sample depends on its prompt's ids and stream, its own index and the seed
   * alone: neither on `n` nor on the other prompts.
   *
   * @returns generations[i][k] of sample k of prompt i
   * @throws as `generate`, before anything runs
   */
  generateBatch(prompts: readonly GenerationPrompt[], options: GenerateBatchOptions): Promise<Generation[][]> {
    const { config, device, network, inputs } = this;
    const stop = this.tokenizer?.eosIds ?? [];
    return generateBatch({ config, device, network, inputs }, prompts, { stop, ...options });
  }

  /**
   * Adds to the gradients of all parameters d/dtheta sum_ik c_ik l_ik, where l_ik is the mean log-probability of the tokens
   * of response k of slate i (nats).
   *
   * @param coefficients c[i][k]
   * @throws DataError as `scoreTokens`; UsageError `COEFFICIENTS`, `FROZEN_MODEL` or for a wrong option
   */
  accumulateGradient(
    slates: readonly TokenSlate[],
    coefficients: readonly ArrayLike<number>[],
    options: GradientOptions = {},
  ): Promise<void> {
    const { config, device, network, inputs, trained } = this;
    const { adapters } = this.weights;
    return accumulateGradient({ config, device, network, inputs, trained, adapters }, slates, coefficients, options);
  }

  /**
   * Scores slates as `scoreTokens` does, with entropies, and keeps the pass, so that `accumulateGradient` need not run it again.
   *
   * @returns null where that is not possible: the slates are more than one batch, or the adapters have dropout
   * @throws as `scoreTokens`; UsageError `FROZEN_MODEL`
   */
  recordScores(slates: readonly TokenSlate[], options: RecordOptions = {}): Promise<RecordedScores | null> {
    const { config, device, network, inputs, trained } = this;
    const { adapters } = this.weights;
    return RecordedScores.of({ config, device, network, inputs, trained, adapters }, slates, options);
  }

  /** Names of the parameters that train: those of the tensors in the checkpoint, or of the adapters as PEFT names them. */
  parameterNames(): string[] {
    return [...this.trained.tensors.keys()];
  }

  /**
   * What was accumulated for one parameter, in the checkpoint's layout; zeros before the first time. A tied embedding has
   * the sum of both uses.
   *
   * @throws UsageError `UNKNOWN_PARAMETER`, `FROZEN_PARAMETER`
   */
  gradient(name: string): Promise<Float32Array> {
    return this.trained.gradient(name);
  }

  /** Sets all gradients to zero. */
  clearGradients(): void {
    this.trained.clear();
  }

  /**
   * Freezes the model and adds low-rank adapters to its linear layers, which train instead (lora.ts). Optimizers made
   * before do not know them.
   *
   * @throws UsageError `LORA_PRESENT`, `LORA_OPTION`
   */
  addLora(options: LoraOptions): void {
    if (this.weights.adapters) throw new UsageError('LORA_PRESENT', 'addLora: the model has adapters already');
    this.setAdapters(new LoraAdapters(this.device, this.weights.linearModules, options));
  }

  /**
   * Adds the adapters of a PEFT folder, as `saveAdapter` writes it.
   *
   * @throws UsageError as `addLora`; DataError MISSING_FILE, INVALID_JSON, INVALID_SAFETENSORS, UNSUPPORTED_ARCHITECTURE,
   *   ADAPTER_MISMATCH
   */
  async loadAdapter(folder: string, { seed = 0 }: { seed?: number } = {}): Promise<void> {
    const options = await readAdapterOptions(folder, this.weights.linearModules);
    this.addLora({ ...options, seed });
    try {
      this.fileHash = sha256(`${this.fileHash} ${await readAdapterWeights(folder, this.trained.tensors)}`);
      const queries = await readTrainedQueries(folder);
      if (queries) this.addTrainedQueries(queries);
    } catch (error) {
      this.weights.adapters?.dispose();
      this.setAdapters(null);
      throw error;
    }
  }

  /**
   * Writes the adapters as a PEFT folder: adapter_config.json and adapter_model.safetensors.
   *
   * @throws UsageError `LORA_ABSENT`, OUTPUT_NOT_A_MODEL
   */
  async saveAdapter(folder: string): Promise<void> {
    const { adapters } = this.weights;
    if (!adapters) throw new UsageError('LORA_ABSENT', 'saveAdapter: the model has no adapters; addLora adds them');
    await saveAdapter(folder, this.name, adapters, this.queries);
  }

  /**
   * Writes the model to a folder in Hugging Face layout, in f32 (save.ts), with adapters merged into it. Of a frozen model in bf16
   * (`LoadModelOptions.frozen`) these are the weights that it computes with: rounded where they are held in bf16.
   *
   * @throws UsageError OUTPUT_NOT_A_MODEL; DataError MISSING_FILE when the folder it was loaded from is gone
   */
  async save(folder: string): Promise<void> {
    const { tensors, adapters } = this.weights;
    const values = writable(tensors);
    for (const [name, data] of adapters?.merged(tensors) ?? []) values.set(name, { ...values.get(name)!, data });
    await saveModel(this.folder, folder, values, this.queries);
  }

  /** Frees the weights and closes the device; use afterwards throws. Idempotent. */
  dispose(): void {
    this.trained.dispose();
    this.weights.dispose();
    this.inputs.dispose();
    void this.device.close();
  }

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  private setAdapters(adapters: LoraAdapters | null): void {
    const { device, weights } = this;
    weights.adapters = adapters;
    this.parameters.dispose();
    this.parameters = adapters
      ? new TrainedParameters(device, adapters.tensors, [...weights.tensors.keys()])
      : this.ownParameters();
  }

  private ownParameters(): TrainedParameters {
    const { tensors, trainable } = this.weights;
    const isFrozen = (name: string) => !trainable.has(name);
    return new TrainedParameters(this.device, trainable, [...tensors.keys()].filter(isFrozen));
  }

  /** Log-probabilities of the predicted tokens of a batch, and their entropies where they are wanted. */
  private runHead(
    batch: PackedBatch,
    temperature: number,
    { entropy, adapters }: { entropy: boolean; adapters: boolean },
  ): Tensor<'f32'>[] {
    const { device, network, inputs } = this;
    return this.weights.withAdapters(adapters, () =>
      device.scope(() => {
        const { logProbs, entropies } = scoreBatch({ device, network, inputs }, batch, temperature);
        return entropy ? [logProbs, entropies] : [logProbs];
      }),
    );
  }

  private async readAndDispose(tensor: Tensor<'f32'>): Promise<Float32Array> {
    try {
      return await tensor.read();
    } finally {
      tensor.dispose();
    }
  }
}

function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

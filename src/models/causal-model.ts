import { describeValue, UsageError } from '../errors.js';
import type { MemoryStats } from '../native/addon.js';
import type { Device } from '../tensor/device.js';
import { fusedHead, gatherRows, matmul } from '../tensor/ops/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { checkSequence, checkSlates } from './check-tokens.js';
import type { ModelConfig } from './config.js';
import type { Network, NetworkInput } from './network.js';
import { layOut, type PackedBatch, planBatches, type TokenSlate } from './packing.js';
import { isLong } from './rope.js';
import { RotaryTables } from './rotary-tables.js';
import type { Tokenizer } from './tokenizer.js';
import type { ModelWeights } from './weights.js';

/** Rows per batch: enough for full speed of the matrix products, little enough to stay small in memory. */
const BATCH_TOKENS = 2048;

export interface ScoreTokensOptions {
  /** Also give the entropy of every token's distribution over the vocabulary. */
  entropy?: boolean;
  /** Logits are divided by it; default 1. */
  temperature?: number;
  /** Rows per batch (packing.ts); default 2048. */
  batchTokens?: number;
  /** Whether the responses of a slate share one pass over its prompt; default true. The scores are the same. */
  packed?: boolean;
  /** Stops between batches; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Scores of one response of T tokens; nats. */
export interface TokenScores {
  /** log p(token | prompt, earlier tokens), [T]. */
  logProbs: Float32Array;
  /** Entropy of the distribution that each token was drawn from, [T]; null unless asked for. */
  entropies: Float32Array | null;
  /** Sum of `logProbs`, accumulated in double. */
  sum: number;
  /** sum / T. */
  mean: number;
}

interface Parts {
  folder: string;
  config: ModelConfig;
  tokenizer: Tokenizer | null;
  hash: string;
  dtype: 'f32';
  device: Device;
  weights: ModelWeights;
  network: Network;
}

/** A causal language model on a device. `loadModel` makes it; `dispose` gives its memory back. */
export class CausalModel {
  /** Folder it was loaded from. */
  readonly folder: string;
  readonly config: ModelConfig;
  /** null when the folder has no tokenizer.json. */
  readonly tokenizer: Tokenizer | null;
  /** `sha256:` of config.json and the weight files. */
  readonly hash: string;
  readonly dtype: 'f32';
  private readonly device: Device;
  private readonly weights: ModelWeights;
  private readonly network: Network;
  private readonly rotary: RotaryTables | null;

  constructor({ folder, config, tokenizer, hash, dtype, device, weights, network }: Parts) {
    this.folder = folder;
    this.config = config;
    this.tokenizer = tokenizer;
    this.hash = hash;
    this.dtype = dtype;
    this.device = device;
    this.weights = weights;
    this.network = network;
    this.rotary = config.family === 'gpt2' ? null : new RotaryTables(device, config.rope, config.context);
  }

  /** Most tokens of prompt and response together. */
  get context(): number {
    return this.config.context;
  }

  /** Number of token ids. */
  get vocabulary(): number {
    return this.config.vocabulary;
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
    const { entropy = false, temperature = 1, batchTokens = BATCH_TOKENS, packed = true, signal } = options;
    if (!(temperature > 0 && temperature < Number.POSITIVE_INFINITY)) {
      throw new UsageError('TEMPERATURE', `temperature: expected a positive number, got ${describeValue(temperature)}`);
    }
    if (!Number.isSafeInteger(batchTokens) || batchTokens < 1) {
      throw new UsageError(
        'BATCH_TOKENS',
        `batchTokens: expected a whole number above 0, got ${describeValue(batchTokens)}`,
      );
    }
    checkSlates(slates, this.config);
    const rope = this.config.family === 'gpt2' ? null : this.config.rope;
    const scores = slates.map((slate) => new Array<TokenScores>(slate.responses.length));
    for (const packs of planBatches(slates, { batchTokens, packed, rope })) {
      signal?.throwIfAborted();
      await this.device.ready();
      const batch = layOut(slates, packs);
      const { logProbs, entropies } = await this.runHead(batch, temperature, entropy);
      for (const { slate, response, start, count } of batch.spans) {
        const own = logProbs.slice(start, start + count);
        const sum = own.reduce((total, value) => total + value, 0);
        const ownEntropies = entropies?.slice(start, start + count) ?? null;
        scores[slate]![response] = { logProbs: own, entropies: ownEntropies, sum, mean: sum / count };
      }
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
      const input = this.input({
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

  /** Frees the weights and closes the device; use afterwards throws. Idempotent. */
  dispose(): void {
    this.weights.dispose();
    this.rotary?.dispose();
    void this.device.close();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  private async runHead(batch: PackedBatch, temperature: number, entropy: boolean) {
    const tensors = this.device.scope(() => {
      const hidden = this.network.forward(this.input(batch));
      const rows = this.device.tensor(batch.headRows, [batch.headRows.length], 'i32');
      const targets = this.device.tensor(batch.targets, [batch.targets.length], 'i32');
      const { logProbs, entropies } = fusedHead(gatherRows(hidden, rows), this.network.head, targets, { temperature });
      return entropy ? [logProbs, entropies] : [logProbs];
    });
    const [logProbs, entropies] = await Promise.all(tensors.map((tensor) => this.readAndDispose(tensor)));
    return { logProbs: logProbs!, entropies: entropies ?? null };
  }

  private async readAndDispose(tensor: Tensor<'f32'>): Promise<Float32Array> {
    try {
      return await tensor.read();
    } finally {
      tensor.dispose();
    }
  }

  /** Uploads the rows of a batch. */
  private input(batch: Pick<PackedBatch, 'ids' | 'positions' | 'longRows' | 'segments' | 'length'>): NetworkInput {
    const vector = (values: Int32Array) => this.device.tensor(values, [values.length], 'i32');
    const tables = this.rotary?.upTo(batch.length) ?? null;
    return {
      ids: vector(batch.ids),
      positions: vector(batch.positions),
      segments: this.device.tensor(batch.segments, [batch.segments.length / 4, 4], 'i32'),
      rope: tables && {
        cos: tables.cos,
        sin: tables.sin,
        rows: vector(batch.positions.map((position, row) => position + (batch.longRows[row] ? tables.longStart : 0))),
      },
    };
  }
}

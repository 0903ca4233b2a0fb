import { DataError, describeValue, UsageError } from '../errors.js';
import type { MemoryStats } from '../native/addon.js';
import type { Device } from '../tensor/device.js';
import type { Tensor } from '../tensor/tensor.js';
import { batchOptions } from './batch-options.js';
import type { Bert } from './bert.js';
import { checkSequence } from './check-tokens.js';
import { type EncoderBatch, type EncoderSequence, encoderRuns, layOutSequences } from './encoder-batch.js';
import type { EncoderConfig } from './encoder-config.js';
import { lowercase } from './normalizers.js';
import type { SentenceSettings } from './sentence-transformers.js';
import type { SequenceTokenizer } from './sequence-tokenizer.js';
import type { ModelWeights } from './weights.js';

/** How sequences are run through an encoder. */
export interface EncodeOptions {
  /** Tokens that are run at once; default 2048. */
  batchTokens?: number | undefined;
  /** Stops between batches; the promise then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called after every batch with the texts done. */
  onProgress?: ((progress: { texts: number }) => void) | undefined;
}

interface Parts {
  config: EncoderConfig;
  settings: Pick<SentenceSettings, 'folder' | 'pooling' | 'normalize' | 'lowerCase' | 'prompt' | 'dimensions'>;
  sequences: SequenceTokenizer | null;
  hash: string;
  device: Device;
  weights: ModelWeights;
  network: Bert;
}

/** A BERT or RoBERTa encoder on a device. `loadEncoder` makes it; `dispose` gives its memory back. */
export class TransformerEncoder {
  readonly kind = 'model';
  readonly config: EncoderConfig;
  /** Names the encoder in results: `sha256:` of its files. */
  readonly id: string;
  /** Texts that `embed` has cut to the most tokens so far. */
  cutTexts = 0;
  private readonly parts: Parts;

  constructor(parts: Parts) {
    this.config = parts.config;
    this.id = parts.hash;
    this.parts = parts;
  }

  /** Numbers of a vector that `embed` gives. */
  get dimensions(): number {
    return Math.min(this.parts.settings.dimensions ?? this.config.width, this.config.width);
  }

  /** What makes sequences of texts; null when the folder has no tokenizer.json. */
  get sequences(): SequenceTokenizer | null {
    return this.parts.sequences;
  }

  /** Bytes of the tensors of its device. */
  memoryStats(): MemoryStats {
    return this.parts.device.memoryStats();
  }

  /**
   * One vector per text, f32 [dimensions], as the folder's side files say: pooled, of length 1 and cut to its first numbers where they say so. Texts
   * that are too long are cut from the end, as those files ask for; `cutTexts` counts them.
   *
   * @throws DataError `NO_TOKENIZER`
   */
  async embed(texts: readonly string[], options: EncodeOptions = {}): Promise<Float32Array[]> {
    const { sequences, settings } = this.parts;
    if (!sequences) {
      throw new DataError(
        'NO_TOKENIZER',
        `${settings.folder} has no tokenizer.json, which texts need; embedIds takes ids`,
      );
    }
    const tokenized = texts.map((text) => {
      const prompted = settings.prompt + text;
      return sequences.text(settings.lowerCase ? lowercase(prompted) : prompted);
    });
    this.cutTexts += tokenized.filter(({ cut }) => cut > 0).length;
    return this.embedIds(tokenized, options);
  }

  /**
   * As `embed`, of token ids with their special tokens.
   *
   * @throws DataError `EMPTY_PROMPT`, `TOKEN_OUT_OF_RANGE`, `CONTEXT_OVERFLOW`, `TOKEN_TYPE`
   */
  async embedIds(sequences: readonly EncoderSequence[], options: EncodeOptions = {}): Promise<Float32Array[]> {
    const { pooling, normalize } = this.parts.settings;
    const vectors: Float32Array[] = [];
    await this.run(sequences, options, async (batch, hidden) => {
      const states = await hidden.read();
      for (let i = 0; i + 1 < batch.starts.length; i++) {
        const [start, end] = [batch.starts[i]!, pooling === 'cls' ? batch.starts[i]! + 1 : batch.starts[i + 1]!];
        vectors.push(meanOfRows(states, start, end, this.config.width, normalize).slice(0, this.dimensions));
      }
    });
    return vectors;
  }

  /** Last hidden states of one sequence, f32 [tokens, `config.width`], row-major. @throws DataError as `embedIds` */
  async hidden(ids: ArrayLike<number>, types?: ArrayLike<number>): Promise<Float32Array> {
    let states: Float32Array = new Float32Array();
    await this.run([{ ids, types }], {}, async (_, hidden) => {
      states = await hidden.read();
    });
    return states;
  }

  /**
   * tanh(W h + b) of the first token's state, f32 [`config.width`]: the pooler, or the first layer of RoBERTa's head.
   *
   * @throws DataError as `embedIds`; UsageError `NO_HEAD`
   */
  async pooled(ids: ArrayLike<number>, types?: ArrayLike<number>): Promise<Float32Array> {
    this.requireHead('pooler', this.parts.network.hasPooler);
    let pooled: Float32Array = new Float32Array();
    await this.run([{ ids, types }], {}, async (batch, hidden) => {
      pooled = await this.pool(batch, hidden);
    });
    return pooled;
  }

  /** Logits of the classification head, f32 [labels]. @throws DataError as `embedIds`; UsageError `NO_HEAD` */
  async classify(ids: ArrayLike<number>, types?: ArrayLike<number>): Promise<Float32Array> {
    const [logits] = (await this.classifyAll([{ ids, types }])) as [Float32Array];
    return logits;
  }

  /** `classify` of many sequences. */
  async classifyAll(sequences: readonly EncoderSequence[], options: EncodeOptions = {}): Promise<Float32Array[]> {
    const { network, device } = this.parts;
    this.requireHead('classification head', network.hasLabels);
    const { labels, width } = this.config;
    const all: Float32Array[] = [];
    await this.run(sequences, options, async (batch, hidden) => {
      const pooled = await this.pool(batch, hidden);
      const rows = pooled.length / width;
      const logits = device.scope(() => network.classify(device.tensor(pooled, [rows, width])));
      const values = await readAndDispose(logits);
      for (let row = 0; row < rows; row++) all.push(values.slice(row * labels, (row + 1) * labels));
    });
    return all;
  }

  /** Frees the weights and closes the device; use afterwards throws. Idempotent. */
  dispose(): void {
    this.parts.weights.dispose();
    void this.parts.device.close();
  }

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Calls `use` with the hidden states of each batch in turn. */
  private async run(
    sequences: readonly EncoderSequence[],
    { batchTokens, signal, onProgress }: EncodeOptions,
    use: (batch: EncoderBatch, hidden: Tensor<'f32'>) => Promise<void>,
  ): Promise<void> {
    const { device, network } = this.parts;
    for (const sequence of sequences) this.check(sequence);
    const limit = batchOptions(batchTokens === undefined ? {} : { batchTokens }).batchTokens;
    let texts = 0;
    for (const run of encoderRuns(sequences, limit)) {
      signal?.throwIfAborted();
      await device.ready();
      const batch = layOutSequences(run, this.config);
      const hidden = network.forward(batch);
      try {
        await use(batch, hidden);
      } finally {
        hidden.dispose();
      }
      texts += run.length;
      onProgress?.({ texts });
    }
  }

  /** One row per sequence, so its tanh is no work for a kernel. */
  private async pool(batch: EncoderBatch, hidden: Tensor<'f32'>): Promise<Float32Array> {
    const { network } = this.parts;
    return (await readAndDispose(network.pool(hidden, batch.starts.slice(0, -1)))).map(Math.tanh);
  }

  private check({ ids, types }: EncoderSequence): void {
    checkSequence(ids, this.config);
    if (types === undefined) return;
    const wrong = Array.from(types).find((type) => !(Number.isInteger(type) && type >= 0 && type < this.config.types));
    if (types.length !== ids.length || wrong !== undefined) {
      const got = wrong === undefined ? `${types.length} for ${ids.length} tokens` : describeValue(wrong);
      throw new DataError(
        'TOKEN_TYPE',
        `types: expected one per token, from 0 to ${this.config.types - 1}, got ${got}`,
      );
    }
  }

  private requireHead(name: string, has: boolean): void {
    if (has) return;
    throw new UsageError('NO_HEAD', `${this.parts.settings.folder}: the checkpoint has no ${name}`);
  }
}

async function readAndDispose(tensor: Tensor<'f32'>): Promise<Float32Array> {
  try {
    return await tensor.read();
  } finally {
    tensor.dispose();
  }
}

/** Mean of the rows [start, end), summed in double; divided by its length where `normalize` (a zero vector stays one). */
function meanOfRows(states: Float32Array, start: number, end: number, width: number, normalize: boolean): Float32Array {
  const sums = new Float64Array(width);
  for (let row = start; row < end; row++) {
    for (let d = 0; d < width; d++) sums[d]! += states[row * width + d]!;
  }
  const length = normalize ? Math.hypot(...sums) : end - start;
  return Float32Array.from(sums, (sum) => sum / (length || 1));
}

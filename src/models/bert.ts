import type { Device } from '../tensor/device.js';
import { add, attentionDecode, embedding, gatherRows, gelu, layerNorm, matmul } from '../tensor/ops/index.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Checkpoint } from './checkpoint.js';
import type { EncoderBatch } from './encoder-batch.js';
import type { EncoderConfig } from './encoder-config.js';
import type { ModelWeights, Parameters } from './weights.js';

/** What follows the encoder: layers of the first token's state, by their names, as far as a checkpoint has them. */
export interface EncoderHeads {
  /** tanh of a linear layer: `pooler.dense`, or the first layer of RoBERTa's classification head. */
  dense: string | null;
  /** From there to the logits of the labels. */
  labels: string | null;
}

/** Heads of a checkpoint. A masked-language-model head and an unused pooler are passed over. */
export function encoderHeads({ family }: EncoderConfig, checkpoint: Checkpoint): EncoderHeads {
  const has = (name: string) => checkpoint.has(`${name}.weight`);
  const pooler = ['pooler.dense', `${family}.pooler.dense`].some(has) ? 'pooler.dense' : null;
  if (family === 'roberta' && has('classifier.dense')) {
    return { dense: 'classifier.dense', labels: 'classifier.out_proj' };
  }
  return { dense: pooler, labels: family === 'bert' && has('classifier') ? 'classifier' : null };
}

/** Parameters of BERT and RoBERTa. Matrices are stored [out, in]. */
export function bertParameters(config: EncoderConfig, heads: EncoderHeads): Parameters {
  const { family, vocabulary, width, layers, intermediate, positions, types, labels } = config;
  const shapes: Parameters['shapes'] = new Map();
  const linear = (name: string, inputs: number, outputs: number) => {
    shapes.set(`${name}.weight`, [outputs, inputs]).set(`${name}.bias`, [outputs]);
  };
  const norm = (name: string) => shapes.set(`${name}.weight`, [width]).set(`${name}.bias`, [width]);
  shapes.set('embeddings.word_embeddings.weight', [vocabulary, width]);
  shapes.set('embeddings.position_embeddings.weight', [positions, width]);
  shapes.set('embeddings.token_type_embeddings.weight', [types, width]);
  norm('embeddings.LayerNorm');
  for (let i = 0; i < layers; i++) {
    const layer = `encoder.layer.${i}`;
    for (const part of ['query', 'key', 'value']) linear(`${layer}.attention.self.${part}`, width, width);
    linear(`${layer}.attention.output.dense`, width, width);
    norm(`${layer}.attention.output.LayerNorm`);
    linear(`${layer}.intermediate.dense`, width, intermediate);
    linear(`${layer}.output.dense`, intermediate, width);
    norm(`${layer}.output.LayerNorm`);
  }
  if (heads.dense) linear(heads.dense, width, width);
  if (heads.labels) linear(heads.labels, width, labels);
  const passedOver = /embeddings\.position_ids$|^(cls|lm_head)\.|(^|\.)pooler\./;
  const tables = ['word', 'position', 'token_type'].map((table) => `embeddings.${table}_embeddings.weight`);
  return { shapes, prefix: `${family}.`, transposed: true, tables, passedOver };
}

/**
 * BERT (Devlin et al. 2019) and RoBERTa (Liu et al. 2019): learnt positions and token types, every token attends to all of
 * its sequence, layer norm after each block, GELU.
 */
export class Bert {
  constructor(
    private readonly config: EncoderConfig,
    private readonly weights: ModelWeights,
    private readonly device: Device,
    private readonly heads: EncoderHeads,
  ) {}

  get hasPooler(): boolean {
    return this.heads.dense !== null;
  }

  get hasLabels(): boolean {
    return this.heads.labels !== null;
  }

  /** Last hidden states, f32 [rows, width]. */
  forward(batch: EncoderBatch): Tensor<'f32'> {
    const { device } = this;
    return device.scope(() => {
      const vector = (values: Int32Array) => device.tensor(values, [values.length], 'i32');
      const spans = device.tensor(batch.spans, [batch.ids.length, 4], 'i32');
      const words = this.lookUp('word', vector(batch.ids));
      const places = this.lookUp('position', vector(batch.positions));
      let x = this.norm(
        'embeddings.LayerNorm',
        add(add(words, places), this.lookUp('token_type', vector(batch.types))),
      );
      for (let i = 0; i < this.config.layers; i++) x = this.layer(`encoder.layer.${i}`, x, spans);
      return x;
    });
  }

  /** The head's linear layer before its tanh, of the rows where sequences begin: f32 [sequences, width]. */
  pool(hidden: Tensor<'f32'>, starts: Int32Array): Tensor<'f32'> {
    const { device } = this;
    return device.scope(() => {
      const rows = gatherRows(hidden, device.tensor(starts, [starts.length], 'i32'));
      return this.linear(this.heads.dense!, rows);
    });
  }

  /** Logits f32 [sequences, labels] of pooled states f32 [sequences, width]. */
  classify(pooled: Tensor<'f32'>): Tensor<'f32'> {
    return this.linear(this.heads.labels!, pooled);
  }

  /** Its tensors besides the one it returns are freed at once, so that depth costs no memory. */
  private layer(name: string, x: Tensor<'f32'>, spans: Tensor<'i32'>): Tensor<'f32'> {
    return this.device.scope(() => {
      const mixed = this.linear(`${name}.attention.output.dense`, this.attention(`${name}.attention.self`, x, spans));
      const attended = this.norm(`${name}.attention.output.LayerNorm`, add(x, mixed));
      const hidden = gelu(this.linear(`${name}.intermediate.dense`, attended), this.config.gelu);
      return this.norm(`${name}.output.LayerNorm`, add(attended, this.linear(`${name}.output.dense`, hidden)));
    });
  }

  /** The op that reads a cache gives every row a span of its own: here the sequence that the row belongs to. */
  private attention(name: string, x: Tensor<'f32'>, spans: Tensor<'i32'>): Tensor<'f32'> {
    const { width, heads } = this.config;
    const [q, k, v] = ['query', 'key', 'value'].map((part) => this.linear(`${name}.${part}`, x));
    return attentionDecode(q!, k!, v!, spans, { heads, keyValueHeads: heads, scale: 1 / Math.sqrt(width / heads) });
  }

  private lookUp(table: string, ids: Tensor<'i32'>): Tensor<'f32'> {
    return embedding(this.weights.matrix(`embeddings.${table}_embeddings.weight`), ids);
  }

  private linear(name: string, x: Tensor<'f32'>): Tensor<'f32'> {
    const bias = this.weights.vector(`${name}.bias`);
    return matmul(x, this.weights.matrix(`${name}.weight`), { bias, transposed: true });
  }

  private norm(name: string, x: Tensor<'f32'>): Tensor<'f32'> {
    return layerNorm(
      x,
      this.weights.vector(`${name}.weight`),
      this.weights.vector(`${name}.bias`),
      this.config.epsilon,
    );
  }
}

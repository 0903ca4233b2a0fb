import { add, columns, embedding, matmul, rmsNorm, rope, swiglu } from '../tensor/ops/index.js';
import type { ProductType } from '../tensor/products.js';
import { stage } from '../tensor/tape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { LlamaConfig } from './llama-config.js';
import type { Network, NetworkInput } from './network.js';
import type { ModelWeights, Parameters } from './weights.js';

/** Parameters of llama, qwen3 and phi3. Matrices are stored [out, in]. */
export function llamaParameters(config: LlamaConfig): Parameters {
  const { vocabulary, width, intermediate, headSize } = config;
  const shapes: Parameters['shapes'] = new Map();
  const queryWidth = config.heads * headSize;
  const keyWidth = config.keyValueHeads * headSize;
  shapes.set('embed_tokens.weight', [vocabulary, width]);
  for (let i = 0; i < config.layers; i++) {
    const linear = (name: string, outputs: number, inputs: number, bias: boolean) => {
      shapes.set(`layers.${i}.${name}.weight`, [outputs, inputs]);
      if (bias) shapes.set(`layers.${i}.${name}.bias`, [outputs]);
    };
    shapes.set(`layers.${i}.input_layernorm.weight`, [width]);
    if (config.fused) {
      linear('self_attn.qkv_proj', queryWidth + 2 * keyWidth, width, config.attentionBias);
      linear('mlp.gate_up_proj', 2 * intermediate, width, config.mlpBias);
    } else {
      linear('self_attn.q_proj', queryWidth, width, config.attentionBias);
      linear('self_attn.k_proj', keyWidth, width, config.attentionBias);
      linear('self_attn.v_proj', keyWidth, width, config.attentionBias);
      linear('mlp.gate_proj', intermediate, width, config.mlpBias);
      linear('mlp.up_proj', intermediate, width, config.mlpBias);
    }
    if (config.headNorms) {
      shapes.set(`layers.${i}.self_attn.q_norm.weight`, [headSize]);
      shapes.set(`layers.${i}.self_attn.k_norm.weight`, [headSize]);
    }
    linear('self_attn.o_proj', width, queryWidth, config.attentionBias);
    linear('mlp.down_proj', width, intermediate, config.mlpBias);
    shapes.set(`layers.${i}.post_attention_layernorm.weight`, [width]);
  }
  shapes.set('norm.weight', [width]);
  if (!config.tied) shapes.set('lm_head.weight', [vocabulary, width]);
  return {
    shapes,
    prefix: 'model.',
    transposed: true,
    tables: ['embed_tokens.weight'],
    passedOver: /\.rotary_emb\.inv_freq$|^lm_head\.weight$/,
  };
}

/**
 * Decoder of the llama kind (Touvron et al. 2023): RMSNorm before each block, rotary positions, grouped-query attention,
 * SwiGLU. qwen3 norms every query and key head before the rotation; phi3 keeps query, key and value, and gate and up, in
 * one matrix each.
 */
export class Llama implements Network {
  constructor(
    private readonly config: LlamaConfig,
    private readonly weights: ModelWeights,
  ) {}

  get head(): Tensor<ProductType> {
    return this.weights.matrix(this.config.tied ? 'embed_tokens.weight' : 'lm_head.weight');
  }

  forward(input: NetworkInput): Tensor<'f32'> {
    let x = embedding(this.weights.matrix('embed_tokens.weight'), input.ids);
    for (let i = 0; i < this.config.layers; i++) {
      x = stage(x, (rows) => this.block(i, rows, input));
    }
    return this.norm('norm', x);
  }

  private block(layer: number, x: Tensor<'f32'>, input: NetworkInput): Tensor<'f32'> {
    const name = `layers.${layer}`;
    const attended = add(x, this.attention(layer, this.factor(`${name}.input_layernorm`, x), input));
    return add(attended, this.mlp(`${name}.mlp`, this.factor(`${name}.post_attention_layernorm`, attended)));
  }

  private attention(layer: number, x: Tensor<ProductType>, input: NetworkInput): Tensor<'f32'> {
    const name = `layers.${layer}.self_attn`;
    const { heads, keyValueHeads, headSize } = this.config;
    const [query, key, value] = this.projections(name, x);
    const rotated = (vectors: Tensor<'f32'>, norm: string, count: number) => {
      const normed = this.config.headNorms ? this.norm(`${name}.${norm}`, vectors) : vectors;
      const { cos, sin, rows } = input.rope!;
      return rope(normed, { positions: rows, cos, sin, heads: count });
    };
    const q = rotated(query, 'q_norm', heads);
    const k = rotated(key, 'k_norm', keyValueHeads);
    const mixed = input.attend(layer, q, k, value, { heads, keyValueHeads, scale: 1 / Math.sqrt(headSize) });
    return this.linear(`${name}.o_proj`, mixed, this.config.attentionBias);
  }

  private projections(name: string, x: Tensor<ProductType>): [Tensor<'f32'>, Tensor<'f32'>, Tensor<'f32'>] {
    const { heads, keyValueHeads, headSize, fused, attentionBias: bias } = this.config;
    if (!fused) {
      return [
        this.linear(`${name}.q_proj`, x, bias),
        this.linear(`${name}.k_proj`, x, bias),
        this.linear(`${name}.v_proj`, x, bias),
      ];
    }
    const all = this.linear(`${name}.qkv_proj`, x, bias);
    const queryWidth = heads * headSize;
    const keyWidth = keyValueHeads * headSize;
    return [
      columns(all, 0, queryWidth),
      columns(all, queryWidth, keyWidth),
      columns(all, queryWidth + keyWidth, keyWidth),
    ];
  }

  private mlp(name: string, x: Tensor<ProductType>): Tensor<'f32'> {
    const { intermediate, fused, mlpBias: bias } = this.config;
    const both = fused ? this.linear(`${name}.gate_up_proj`, x, bias) : null;
    const gate = both ? columns(both, 0, intermediate) : this.linear(`${name}.gate_proj`, x, bias);
    const up = both ? columns(both, intermediate, intermediate) : this.linear(`${name}.up_proj`, x, bias);
    return this.linear(`${name}.down_proj`, swiglu(gate, up, x.device.factorType), bias);
  }

  private linear(name: string, x: Tensor<ProductType>, bias: boolean): Tensor<'f32'> {
    const weight = this.weights.matrix(`${name}.weight`);
    const y = matmul(x, weight, { transposed: true, bias: bias ? this.weights.vector(`${name}.bias`) : null });
    return this.weights.adapters?.apply(name, x, y) ?? y;
  }

  private norm(name: string, x: Tensor<'f32'>): Tensor<'f32'> {
    return rmsNorm(x, this.weights.vector(`${name}.weight`), this.config.epsilon);
  }

  /** The same, to be multiplied and nothing else. */
  private factor(name: string, x: Tensor<'f32'>): Tensor<ProductType> {
    return rmsNorm(x, this.weights.vector(`${name}.weight`), this.config.epsilon, x.device.factorType);
  }
}

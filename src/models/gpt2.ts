import type { Device } from '../tensor/device.js';
import { add, columns, embedding, gelu, layerNorm, matmul } from '../tensor/ops/index.js';
import type { ProductType } from '../tensor/products.js';
import { stage } from '../tensor/tape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Gpt2Config } from './gpt2-config.js';
import type { Network, NetworkInput } from './network.js';
import type { ModelWeights, Parameters } from './weights.js';

/** Parameters of GPT-2. Matrices are stored [in, out]. */
export function gpt2Parameters({ vocabulary, context, width, layers, intermediate, tied }: Gpt2Config): Parameters {
  const shapes: Parameters['shapes'] = new Map();
  const linear = (name: string, inputs: number, outputs: number) => {
    shapes.set(`${name}.weight`, [inputs, outputs]).set(`${name}.bias`, [outputs]);
  };
  const norm = (name: string) => shapes.set(`${name}.weight`, [width]).set(`${name}.bias`, [width]);
  shapes.set('wte.weight', [vocabulary, width]).set('wpe.weight', [context, width]);
  for (let i = 0; i < layers; i++) {
    norm(`h.${i}.ln_1`);
    linear(`h.${i}.attn.c_attn`, width, 3 * width);
    linear(`h.${i}.attn.c_proj`, width, width);
    norm(`h.${i}.ln_2`);
    linear(`h.${i}.mlp.c_fc`, width, intermediate);
    linear(`h.${i}.mlp.c_proj`, intermediate, width);
  }
  norm('ln_f');
  if (!tied) shapes.set('lm_head.weight', [vocabulary, width]);
  return {
    shapes,
    prefix: 'transformer.',
    transposed: false,
    tables: ['wte.weight', 'wpe.weight'],
    passedOver: /\.attn\.(masked_)?bias$|^lm_head\.weight$/,
  };
}

/** GPT-2 (Radford et al. 2019): learnt positions, layer norm before each block, GELU. */
export class Gpt2 implements Network {
  constructor(
    private readonly config: Gpt2Config,
    private readonly weights: ModelWeights,
    private readonly device: Device,
  ) {}

  get head(): Tensor<ProductType> {
    return this.weights.matrix(this.config.tied ? 'wte.weight' : 'lm_head.weight');
  }

  forward(input: NetworkInput): Tensor<'f32'> {
    let x = this.device.scope(() =>
      add(
        embedding(this.weights.matrix('wte.weight'), input.ids),
        embedding(this.weights.matrix('wpe.weight'), input.positions),
      ),
    );
    for (let i = 0; i < this.config.layers; i++) {
      x = stage(x, (rows) => this.block(i, rows, input));
    }
    return this.norm('ln_f', x);
  }

  private block(layer: number, x: Tensor<'f32'>, input: NetworkInput): Tensor<'f32'> {
    const name = `h.${layer}`;
    const attended = add(x, this.attention(layer, this.factor(`${name}.ln_1`, x), input));
    const hidden = this.linear(`${name}.mlp.c_fc`, this.factor(`${name}.ln_2`, attended));
    return add(attended, this.linear(`${name}.mlp.c_proj`, gelu(hidden, this.config.gelu, x.device.factorType)));
  }

  private attention(layer: number, x: Tensor<ProductType>, { attend }: NetworkInput): Tensor<'f32'> {
    const name = `h.${layer}.attn`;
    const { width, heads, scaleAttention, scaleByLayer } = this.config;
    const projected = this.linear(`${name}.c_attn`, x);
    const part = (index: number) => columns(projected, index * width, width);
    const scale = (scaleAttention ? 1 / Math.sqrt(width / heads) : 1) / (scaleByLayer ? layer + 1 : 1);
    const mixed = attend(layer, part(0), part(1), part(2), { heads, keyValueHeads: heads, scale });
    return this.linear(`${name}.c_proj`, mixed);
  }

  private linear(name: string, x: Tensor<ProductType>): Tensor<'f32'> {
    const y = matmul(x, this.weights.matrix(`${name}.weight`), { bias: this.weights.vector(`${name}.bias`) });
    return this.weights.adapters?.apply(name, x, y) ?? y;
  }

  private norm(name: string, x: Tensor<'f32'>): Tensor<'f32'> {
    return layerNorm(
      x,
      this.weights.vector(`${name}.weight`),
      this.weights.vector(`${name}.bias`),
      this.config.epsilon,
    );
  }

  /** The same, to be multiplied and nothing else. */
  private factor(name: string, x: Tensor<'f32'>): Tensor<ProductType> {
    const [weight, bias] = [this.weights.vector(`${name}.weight`), this.weights.vector(`${name}.bias`)];
    return layerNorm(x, weight, bias, this.config.epsilon, x.device.factorType);
  }
}

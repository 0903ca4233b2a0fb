import { z } from 'zod';
import { GELU } from './gelu-names.js';
import { checkJson } from './json.js';
import { unsupported } from './unsupported.js';

/** Shape of a GPT-2 model. */
export interface Gpt2Config {
  family: 'gpt2';
  vocabulary: number;
  width: number;
  layers: number;
  heads: number;
  /** Width of the hidden layer of the MLP. */
  intermediate: number;
  /** Most tokens of a sequence: rows of the position table. */
  context: number;
  epsilon: number;
  gelu: 'tanh' | 'erf';
  /** Whether attention scores are divided by the square root of the head size. */
  scaleAttention: boolean;
  /** Whether those of layer i are divided by i + 1 as well, counted from 0. */
  scaleByLayer: boolean;
  /** Whether the head is the token embedding. */
  tied: boolean;
}

const size = z.int().positive();
const schema = z.looseObject({
  vocab_size: size,
  n_embd: size,
  n_layer: size,
  n_head: size,
  n_positions: size,
  n_inner: size.nullish(),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  activation_function: z.string().default('gelu_new'),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  add_cross_attention: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(true),
});

/** @throws DataError `UNSUPPORTED_ARCHITECTURE` or `INVALID_JSON` */
export function parseGpt2Config(path: string, json: unknown): Gpt2Config {
  const raw = checkJson(path, json, schema);
  const gelu = Object.hasOwn(GELU, raw.activation_function) ? GELU[raw.activation_function] : undefined;
  if (!gelu) throw unsupported(path, `activation_function "${raw.activation_function}"`, Object.keys(GELU).join(', '));
  if (raw.add_cross_attention) throw unsupported(path, 'add_cross_attention', 'false');
  if (raw.n_embd % raw.n_head !== 0) {
    throw unsupported(path, `n_embd ${raw.n_embd} with n_head ${raw.n_head}`, 'a multiple of the number of heads');
  }
  return {
    family: 'gpt2',
    vocabulary: raw.vocab_size,
    width: raw.n_embd,
    layers: raw.n_layer,
    heads: raw.n_head,
    intermediate: raw.n_inner ?? 4 * raw.n_embd,
    context: raw.n_positions,
    epsilon: raw.layer_norm_epsilon,
    gelu,
    scaleAttention: raw.scale_attn_weights,
    scaleByLayer: raw.scale_attn_by_inverse_layer_idx,
    tied: raw.tie_word_embeddings,
  };
}

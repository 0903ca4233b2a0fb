import { z } from 'zod';
import { checkJson } from './json.js';
import { parseRopeConfig, type RopeConfig, ropeSchema } from './rope-config.js';
import { unsupported } from './unsupported.js';

/** Shape of a decoder of the llama kind: llama, qwen3 and phi3 differ only in what is said here. */
export interface LlamaConfig {
  family: 'llama' | 'qwen3' | 'phi3';
  vocabulary: number;
  width: number;
  layers: number;
  heads: number;
  keyValueHeads: number;
  headSize: number;
  intermediate: number;
  /** Most tokens of a sequence. A sliding window narrower than the positions is the limit: inside it nothing slides. */
  context: number;
  epsilon: number;
  rope: RopeConfig;
  attentionBias: boolean;
  mlpBias: boolean;
  /** RMSNorm of every query and key head (qwen3). */
  headNorms: boolean;
  /** One matrix for query, key and value, and one for gate and up (phi3). */
  fused: boolean;
  /** Whether the head is the token embedding. */
  tied: boolean;
}

const size = z.int().positive();
const schema = z.looseObject({
  vocab_size: size,
  hidden_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  intermediate_size: size,
  max_position_embeddings: size,
  rms_norm_eps: z.number().positive().optional(),
  hidden_act: z.string().default('silu'),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(false),
  sliding_window: size.nullish(),
  use_sliding_window: z.boolean().default(false),
  max_window_layers: z.int().nonnegative().default(28),
  layer_types: z.array(z.string()).nullish(),
  ...ropeSchema.shape,
});

/** @throws DataError `UNSUPPORTED_ARCHITECTURE` or `INVALID_JSON` */
export function parseLlamaConfig(path: string, json: unknown, family: LlamaConfig['family']): LlamaConfig {
  const raw = checkJson(path, json, schema);
  if (raw.hidden_act !== 'silu') throw unsupported(path, `hidden_act "${raw.hidden_act}"`, 'silu');
  const heads = raw.num_attention_heads;
  const keyValueHeads = raw.num_key_value_heads ?? heads;
  if (heads % keyValueHeads !== 0) {
    throw unsupported(path, `num_key_value_heads ${keyValueHeads}`, `a divisor of num_attention_heads ${heads}`);
  }
  const headSize = raw.head_dim ?? (family === 'qwen3' ? 128 : raw.hidden_size / heads);
  if (!Number.isInteger(headSize)) {
    throw unsupported(path, `hidden_size ${raw.hidden_size} with ${heads} heads and no head_dim`, 'a multiple');
  }
  const window = slidingWindow(raw, family) ?? Number.POSITIVE_INFINITY;
  return {
    family,
    vocabulary: raw.vocab_size,
    width: raw.hidden_size,
    layers: raw.num_hidden_layers,
    heads,
    keyValueHeads,
    headSize,
    intermediate: raw.intermediate_size,
    context: Math.min(window, raw.max_position_embeddings),
    epsilon: raw.rms_norm_eps ?? (family === 'phi3' ? 1e-5 : 1e-6),
    rope: parseRopeConfig(path, raw, { family, headSize, context: raw.max_position_embeddings }),
    attentionBias: family !== 'phi3' && raw.attention_bias,
    mlpBias: family === 'llama' && raw.mlp_bias,
    headNorms: family === 'qwen3',
    fused: family === 'phi3',
    tied: raw.tie_word_embeddings,
  };
}

/** `sliding_window` of a qwen3 that uses one but does not say how long, as in the published configuration class. */
const QWEN3_WINDOW = 4096;

/** Tokens of the window of any layer: all layers of phi3 have one where it is given, those of qwen3 that the config says. */
function slidingWindow(raw: z.infer<typeof schema>, family: LlamaConfig['family']): number | null {
  if (family === 'phi3') return raw.sliding_window ?? null;
  if (family === 'llama' || !raw.use_sliding_window) return null;
  const slides = raw.layer_types?.includes('sliding_attention') ?? raw.max_window_layers < raw.num_hidden_layers;
  if (!slides) return null;
  return raw.sliding_window === undefined ? QWEN3_WINDOW : raw.sliding_window;
}

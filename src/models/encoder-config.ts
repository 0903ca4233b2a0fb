import { z } from 'zod';
import { GELU } from './gelu-names.js';
import { checkJson } from './json.js';
import { unsupported } from './unsupported.js';

/** Shape of a BERT or RoBERTa encoder. */
export interface EncoderConfig {
  family: 'bert' | 'roberta';
  vocabulary: number;
  width: number;
  layers: number;
  heads: number;
  /** Width of the hidden layer of the MLP. */
  intermediate: number;
  /** Rows of the position table. */
  positions: number;
  /** Row of the position table where a sequence begins: 0, or after the padding id (RoBERTa). */
  firstPosition: number;
  /** Most tokens of a sequence. */
  context: number;
  /** Token types: what tells the two texts of a pair apart. */
  types: number;
  epsilon: number;
  gelu: 'tanh' | 'erf';
  /** Classes of the classification head, where the checkpoint has one. */
  labels: number;
}

const size = z.int().positive();
const schema = z.looseObject({
  model_type: z.enum(['bert', 'roberta'], { error: 'expected an encoder, bert or roberta' }),
  vocab_size: size,
  hidden_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  intermediate_size: size,
  max_position_embeddings: size,
  type_vocab_size: size,
  layer_norm_eps: z.number().positive().default(1e-12),
  hidden_act: z.string().default('gelu'),
  pad_token_id: z.int().nonnegative().nullish(),
  position_embedding_type: z.string().nullish(),
  is_decoder: z.boolean().default(false),
  quantization_config: z.unknown().optional(),
  id2label: z.record(z.string(), z.unknown()).nullish(),
});

/** Classes of a head whose config does not say how many, as in the published configuration class. */
const DEFAULT_LABELS = 2;

/** @throws DataError `UNSUPPORTED_ARCHITECTURE` or `INVALID_JSON` */
export function parseEncoderConfig(path: string, json: unknown): EncoderConfig {
  const raw = checkJson(path, json, schema);
  if (raw.quantization_config != null) throw unsupported(path, 'quantization_config', 'weights in f32, f16 and bf16');
  const gelu = Object.hasOwn(GELU, raw.hidden_act) ? GELU[raw.hidden_act] : undefined;
  if (!gelu) throw unsupported(path, `hidden_act "${raw.hidden_act}"`, Object.keys(GELU).join(', '));
  if ((raw.position_embedding_type ?? 'absolute') !== 'absolute') {
    throw unsupported(path, `position_embedding_type "${raw.position_embedding_type}"`, 'absolute');
  }
  if (raw.is_decoder) throw unsupported(path, 'is_decoder', 'false');
  if (raw.hidden_size % raw.num_attention_heads !== 0) {
    const what = `hidden_size ${raw.hidden_size} with num_attention_heads ${raw.num_attention_heads}`;
    throw unsupported(path, what, 'a multiple of the number of heads');
  }
  const firstPosition = raw.model_type === 'roberta' ? (raw.pad_token_id ?? 1) + 1 : 0;
  const context = raw.max_position_embeddings - firstPosition;
  if (context < 1) {
    const what = `max_position_embeddings ${raw.max_position_embeddings} with pad_token_id ${firstPosition - 1}`;
    throw unsupported(path, what, 'a table with rows after the padding id');
  }
  return {
    family: raw.model_type,
    vocabulary: raw.vocab_size,
    width: raw.hidden_size,
    layers: raw.num_hidden_layers,
    heads: raw.num_attention_heads,
    intermediate: raw.intermediate_size,
    positions: raw.max_position_embeddings,
    firstPosition,
    context,
    types: raw.type_vocab_size,
    epsilon: raw.layer_norm_eps,
    gelu,
    labels: raw.id2label ? Object.keys(raw.id2label).length : DEFAULT_LABELS,
  };
}

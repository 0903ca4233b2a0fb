import { closeSync, openSync, writeSync } from 'node:fs';

/** Where the data section and every tensor in it start, bytes: GGUF's default. */
const ALIGNMENT = 32;

/** Types of metadata (GGUF specification, gguf_metadata_value_type) and how to write them. */
const U32 = (value) => [4, unsigned32(value)];
const F32 = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return [6, bytes];
};
const STRING = (value) => [8, string(value)];
const ARRAY = (type, items) => [9, Buffer.concat([unsigned32(type), unsigned64(items.length), ...items])];
const F32_ARRAY = (values) =>
  ARRAY(
    6,
    values.map((value) => F32(value)[1]),
  );
const I32_ARRAY = (values) => ARRAY(5, values.map(unsigned32));
const STRING_ARRAY = (values) => ARRAY(8, values.map(string));

/** Types of tensors (GGUF specification, ggml_type). */
const TYPES = { f32: 0, bf16: 30 };

/**
 * Writes a Llama that `writeRandomLlama` made as a GGUF file (version 3, little-endian), the format that llama.cpp reads.
 * Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 *
 * @param {string} path
 * @param {{ config: object, tensors: Map<string, { shape: number[], data: Float32Array }> }} model Hugging Face's names and shapes
 * @param {'f32' | 'bf16'} [matrices] what matrices are stored in; the rest is f32
 */
export function writeGguf(path, { config, tensors }, matrices = 'f32') {
  const head = config.hidden_size / config.num_attention_heads;
  const metadata = {
    'general.architecture': STRING('llama'),
    'llama.vocab_size': U32(config.vocab_size),
    'llama.context_length': U32(config.max_position_embeddings),
    'llama.embedding_length': U32(config.hidden_size),
    'llama.block_count': U32(config.num_hidden_layers),
    'llama.feed_forward_length': U32(config.intermediate_size),
    'llama.attention.head_count': U32(config.num_attention_heads),
    'llama.attention.head_count_kv': U32(config.num_key_value_heads),
    'llama.attention.layer_norm_rms_epsilon': F32(config.rms_norm_eps),
    'llama.rope.dimension_count': U32(head),
    'llama.rope.freq_base': F32(config.rope_theta),
    ...tokenizer(config.vocab_size),
  };
  const own = [...tensors].map(([name, { shape, data }]) => {
    const type = shape.length === 2 ? matrices : 'f32';
    const rows = /\.(q|k)_proj\./.test(name) ? pairedRows(data, shape, head) : data;
    return { name: ggufName(name), shape, type, data: type === 'bf16' ? toBf16(rows) : rows };
  });

  const parts = [Buffer.from('GGUF'), unsigned32(3), unsigned64(own.length), unsigned64(Object.keys(metadata).length)];
  for (const [key, [type, value]] of Object.entries(metadata)) parts.push(string(key), unsigned32(type), value);
  let offset = 0;
  for (const { name, shape, type, data } of own) {
    parts.push(string(name), unsigned32(shape.length));
    for (const size of shape.toReversed()) parts.push(unsigned64(size));
    parts.push(unsigned32(TYPES[type]), unsigned64(offset));
    offset += aligned(data.byteLength);
  }
  const file = openSync(path, 'w');
  try {
    let at = write(file, Buffer.concat(parts), 0);
    for (const { data } of own) at = write(file, new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
  } finally {
    closeSync(file);
  }
}

/** The least that node-llama-cpp loads: a unigram model of bytes. What we evaluate is given as ids. */
function tokenizer(vocabulary) {
  const byte = (i) => `<0x${(i - 3).toString(16).toUpperCase().padStart(2, '0')}>`;
  const kinds = (i) => (i === 0 ? 2 : i < 3 ? 3 : i < 259 ? 6 : 1); // unknown, control, byte, normal
  const tokens = Array.from({ length: vocabulary }, (_, i) => (i >= 3 && i < 259 ? byte(i) : `t${i}`));
  return {
    'tokenizer.ggml.model': STRING('llama'),
    'tokenizer.ggml.tokens': STRING_ARRAY(tokens),
    'tokenizer.ggml.scores': F32_ARRAY(tokens.map(() => 0)),
    'tokenizer.ggml.token_type': I32_ARRAY(tokens.map((_, i) => kinds(i))),
  };
}

const PARTS = {
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
  input_layernorm: 'attn_norm',
  post_attention_layernorm: 'ffn_norm',
};

function ggufName(name) {
  if (name === 'model.embed_tokens.weight') return 'token_embd.weight';
  if (name === 'model.norm.weight') return 'output_norm.weight';
  const [, layer, part] = name.match(/^model\.layers\.(\d+)\.(.+)\.weight$/);
  return `blk.${layer}.${PARTS[part]}.weight`;
}

/** Hugging Face rotates row i of a head with row i + head / 2, llama.cpp row 2i with 2i + 1: rows in that order. */
function pairedRows(data, [rows, columns], head) {
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const i = row % head;
    const source = row - i + (i % 2) * (head / 2) + (i >> 1);
    result.set(data.subarray(source * columns, (source + 1) * columns), row * columns);
  }
  return result;
}

/** The nearest bf16 numbers, ties to even, as bit patterns. */
function toBf16(values) {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(words, (word) => (word + 0x7fff + ((word >>> 16) & 1)) >>> 16);
}

/** Writes at an offset, and returns the next one that is aligned. */
function write(file, bytes, at) {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(file, bytes, done, Math.min(bytes.length - done, 2 ** 30), at + done);
  }
  const end = at + bytes.length;
  const padding = aligned(end) - end;
  if (padding > 0) writeSync(file, Buffer.alloc(padding), 0, padding, end);
  return end + padding;
}

function aligned(size) {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}

function unsigned32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function unsigned64(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function string(value) {
  const bytes = Buffer.from(value);
  return Buffer.concat([unsigned64(bytes.length), bytes]);
}

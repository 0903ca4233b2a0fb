import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeSafetensors } from 'pope-native/models';

/**
 * Writes a Hugging Face folder of a Llama with weights from a fixed linear congruential sequence: speed does not depend on
 * what the weights are.
 *
 * @param {string} folder
 * @param {{ hidden: number, layers: number, heads: number, keyValueHeads: number, intermediate: number, vocabulary: number }} shape
 * @returns {Promise<{ config: object, tensors: Map<string, { shape: number[], data: Float32Array }> }>} what was written
 */
export async function writeRandomLlama(folder, shape) {
  const { hidden, layers, heads, keyValueHeads, intermediate, vocabulary } = shape;
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const matrix = (rows, columns) => {
    const data = Float32Array.from({ length: rows * columns }, () => uniform() * (3.4 / Math.sqrt(columns)));
    return { dtype: 'F32', shape: [rows, columns], data };
  };
  const ones = (size) => ({ dtype: 'F32', shape: [size], data: new Float32Array(size).fill(1) });
  const tensors = new Map([
    ['model.embed_tokens.weight', matrix(vocabulary, hidden)],
    ['model.norm.weight', ones(hidden)],
  ]);
  const keyWidth = (hidden / heads) * keyValueHeads;
  for (let i = 0; i < layers; i++) {
    const set = (name, tensor) => tensors.set(`model.layers.${i}.${name}.weight`, tensor);
    set('input_layernorm', ones(hidden));
    set('post_attention_layernorm', ones(hidden));
    set('self_attn.q_proj', matrix(hidden, hidden));
    set('self_attn.k_proj', matrix(keyWidth, hidden));
    set('self_attn.v_proj', matrix(keyWidth, hidden));
    set('self_attn.o_proj', matrix(hidden, hidden));
    set('mlp.gate_proj', matrix(intermediate, hidden));
    set('mlp.up_proj', matrix(intermediate, hidden));
    set('mlp.down_proj', matrix(hidden, intermediate));
  }
  await writeSafetensors(join(folder, 'model.safetensors'), tensors);
  const config = {
    model_type: 'llama',
    hidden_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: keyValueHeads,
    intermediate_size: intermediate,
    vocab_size: vocabulary,
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    hidden_act: 'silu',
    tie_word_embeddings: true,
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  return { config, tensors };
}

/** `length` token ids that are no pattern a model could profit from; other seeds give others. */
export function tokenIds(length, seed, vocabulary) {
  return Int32Array.from({ length }, (_, i) => (i * 7919 + seed * 104729 + 3) % vocabulary);
}

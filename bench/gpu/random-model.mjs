/** Models of published shapes with random weights, made in memory: speed does not depend on what the weights are. */

import { CausalModel } from '../../dist/models/causal-model.js';
import { parseModelConfig } from '../../dist/models/config.js';
import { Llama, llamaParameters } from '../../dist/models/llama.js';
import { ModelWeights } from '../../dist/models/weights.js';
import { Device } from '../../dist/tensor/device.js';

const llama3 = {
  model_type: 'llama',
  vocab_size: 128256,
  num_key_value_heads: 8,
  intermediate_size: 8192,
  rope_theta: 500000,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
};

/** config.json of each, as far as it concerns the shape. */
export const shapes = {
  // Two layers of hardly anything: to see that a benchmark runs.
  tiny: {
    ...llama3,
    vocab_size: 512,
    hidden_size: 64,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    intermediate_size: 128,
  },
  'Llama-3.2-1B': { ...llama3, hidden_size: 2048, num_hidden_layers: 16, num_attention_heads: 32, head_dim: 64 },
  'Llama-3.2-3B': { ...llama3, hidden_size: 3072, num_hidden_layers: 28, num_attention_heads: 24, head_dim: 128 },
  'Qwen3-4B': {
    model_type: 'qwen3',
    vocab_size: 151936,
    hidden_size: 2560,
    num_hidden_layers: 36,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    head_dim: 128,
    intermediate_size: 9728,
    rope_theta: 1e6,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: true,
  },
  'Phi-3.5-mini': {
    model_type: 'phi3',
    vocab_size: 32064,
    hidden_size: 3072,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 32,
    intermediate_size: 8192,
    rope_theta: 10000,
    rms_norm_eps: 1e-5,
  },
};

/**
 * @param {keyof typeof shapes} name
 * @param {'cpu' | 'cuda'} device
 * @param {'f32' | 'bf16'} dtype what matrices are multiplied in
 * @returns {Promise<{ model: CausalModel, parameters: number, multiplied: number }>} the model; how many numbers its
 *   parameters are; and those of them that every row is multiplied with: the matrices of the blocks
 */
export async function randomModel(name, device, dtype) {
  const raw = { max_position_embeddings: 4096, ...shapes[name] };
  const config = parseModelConfig(name, raw);
  const expected = llamaParameters(config);
  const opened = Device.open(device, { products: dtype });
  const weights = await ModelWeights.load(opened, randomCheckpoint(expected), expected);
  const size = (tensors) => tensors.reduce((sum, [, { size }]) => sum + size, 0);
  const tensors = [...weights.tensors];
  const inBlocks = ([parameter, { shape }]) => /(^|\.)layers\./.test(parameter) && shape.length === 2;
  const model = new CausalModel({
    name,
    folder: name,
    config,
    tokenizer: null,
    trainedOn: null,
    hash: name,
    dtype,
    device: opened,
    weights,
    network: new Llama(config, weights),
  });
  return { model, parameters: size(tensors), multiplied: size(tensors.filter(inBlocks)) };
}

/** Stands in for the files of a checkpoint: bf16, vectors of ones, matrices with variance 1 / columns. */
function randomCheckpoint({ shapes }) {
  const bits = new Uint16Array(new Float32Array([1]).buffer).slice(1);
  const tensor = (_, shape) => {
    const block = shape.length === 1 ? bits : randomBlock(Math.sqrt(3 / shape[1]));
    const read = async (offset, target) => {
      fillRepeating(new Uint16Array(target.buffer, target.byteOffset, target.length / 2), block, offset / 2);
    };
    return { dtype: 'BF16', shape, read };
  };
  return { files: ['random weights'], names: [...shapes.keys()], has: (name) => shapes.has(name), tensor };
}

/** 2^20 - 3 numbers, so that rows of no matrix repeat: uniform in [-deviation, deviation) as bf16. */
function randomBlock(deviation) {
  let state = 1;
  const numbers = Float32Array.from({ length: 2 ** 20 - 3 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) * deviation;
  });
  return Uint16Array.from(new Uint32Array(numbers.buffer), (word) => word >>> 16);
}

/** Numbers `first`, `first + 1`, .. of endless repetitions of a block. */
function fillRepeating(values, block, first) {
  for (let at = 0; at < values.length; ) {
    const part = block.subarray((first + at) % block.length).subarray(0, values.length - at);
    values.set(part, at);
    at += part.length;
  }
}

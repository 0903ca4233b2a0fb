/** Models of published shapes with random weights, made in memory: speed does not depend on what the weights are. */

import { readFileSync } from 'node:fs';
import { CausalModel } from '../../dist/models/causal-model.js';
import { parseModelConfig } from '../../dist/models/config.js';
import { Llama, llamaParameters } from '../../dist/models/llama.js';
import { ModelWeights } from '../../dist/models/weights.js';
import { Device } from '../../dist/tensor/device.js';

/** config.json of each, as far as it concerns the shape; that of tiny has hardly anything: to see that a benchmark runs. */
export const shapes = JSON.parse(readFileSync(new URL('shapes.json', import.meta.url), 'utf8'));

/**
 * @param {keyof typeof shapes} name
 * @param {'cpu' | 'cuda'} device
 * @param {'f32' | 'bf16'} dtype what matrices are multiplied in
 * @param {{ frozen?: boolean }} options whether nothing trains, or adapters only
 * @returns {Promise<{ model: CausalModel, parameters: number, multiplied: number }>} the model; how many numbers its
 *   parameters are; and those of them that every row is multiplied with: the matrices of the blocks
 */
export async function randomModel(name, device, dtype, { frozen = false } = {}) {
  const raw = { max_position_embeddings: 4096, ...shapes[name] };
  const config = parseModelConfig(name, raw);
  const expected = llamaParameters(config);
  const opened = Device.open(device, { products: dtype });
  const weights = await ModelWeights.load(opened, randomCheckpoint(expected), expected, { frozen });
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
  const ones = new Uint16Array(new Float32Array([1]).buffer).slice(1);
  const blocks = new Map();
  const blockOf = (columns) => {
    if (!blocks.has(columns)) blocks.set(columns, randomBlock(Math.sqrt(3 / columns)));
    return blocks.get(columns);
  };
  const names = [...shapes.keys()];
  const tensor = (name, shape) => {
    const block = shape.length === 1 ? ones : blockOf(shape[1]);
    // No two matrices begin at the same number.
    const start = 7919 * names.indexOf(name);
    const read = async (offset, target) => {
      fillRepeating(new Uint16Array(target.buffer, target.byteOffset, target.length / 2), block, start + offset / 2);
    };
    return { dtype: 'BF16', shape, read };
  };
  return { files: ['random weights'], names, has: (name) => shapes.has(name), tensor };
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

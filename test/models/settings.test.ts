/** Settings of the families that no golden fixture has, against plain double loops. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseModelConfig } from '../../src/models/config.js';
import { gpt2Parameters } from '../../src/models/gpt2.js';
import { llamaParameters } from '../../src/models/llama.js';
import { loadModel } from '../../src/models/load.js';
import { randomNumbers } from '../helpers/check-op.js';
import { floatFile } from '../helpers/safetensors.js';
import { type SlowWeights, slowLogits } from '../helpers/slow-decoder.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { expectClose } from '../helpers/tolerance.js';

const root = temporaryFolder();
let count = 0;

/** A model folder with random weights for a config, and the weights. */
function randomModel(
  config: Record<string, unknown>,
  extra: SlowWeights = {},
): { folder: string; weights: SlowWeights } {
  const parsed = parseModelConfig('config.json', config);
  const { shapes, prefix } = parsed.family === 'gpt2' ? gpt2Parameters(parsed) : llamaParameters(parsed);
  const weights: SlowWeights = {};
  let seed = 1;
  for (const [name, shape] of shapes) {
    const full = parsed.family === 'gpt2' || name.startsWith('lm_head') ? name : prefix + name;
    const values = Float32Array.from(
      randomNumbers(
        shape.reduce((a, b) => a * b, 1),
        seed++,
      ),
    );
    weights[full] = { shape: [...shape], values };
  }
  const folder = join(root, String(count++));
  mkdirSync(folder);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'model.safetensors'), floatFile({ ...weights, ...extra }));
  return { folder, weights };
}

const gpt2 = {
  model_type: 'gpt2',
  vocab_size: 11,
  n_embd: 6,
  n_layer: 2,
  n_head: 3,
  n_positions: 9,
  layer_norm_epsilon: 1e-5,
  activation_function: 'gelu_new',
};
const llama = {
  model_type: 'llama',
  vocab_size: 11,
  hidden_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 3,
  num_key_value_heads: 1,
  intermediate_size: 7,
  max_position_embeddings: 40,
  rms_norm_eps: 1e-5,
  rope_theta: 100,
};

describe.each<[string, Record<string, unknown>]>([
  ['gpt2', gpt2],
  ['gpt2, exact GELU', { ...gpt2, activation_function: 'gelu' }],
  ['gpt2, own width of the MLP', { ...gpt2, n_inner: 5 }],
  ['gpt2, unscaled attention', { ...gpt2, scale_attn_weights: false }],
  ['gpt2, attention scaled by layer', { ...gpt2, scale_attn_by_inverse_layer_idx: true }],
  ['gpt2, untied', { ...gpt2, tie_word_embeddings: false }],
  ['llama', llama],
  ['llama, tied', { ...llama, tie_word_embeddings: true }],
  ['llama, biases', { ...llama, attention_bias: true, mlp_bias: true }],
  ['llama, own head size', { ...llama, head_dim: 6 }],
  ['llama, linear rope', { ...llama, rope_scaling: { rope_type: 'linear', factor: 4 } }],
  ['qwen3, biases', { ...llama, model_type: 'qwen3', head_dim: 6, attention_bias: true }],
  ['phi3, grouped queries', { ...llama, model_type: 'phi3' }],
  [
    'phi3, tied, part of each head rotated',
    { ...llama, model_type: 'phi3', tie_word_embeddings: true, partial_rotary_factor: 0.5 },
  ],
])('%s', (_, config) => {
  test('logits of every position', async () => {
    const { folder, weights } = randomModel(config);
    using model = await loadModel(folder, { device: 'cpu' });
    for (const ids of [[3], [1, 10, 0, 4, 4, 7, 2]]) {
      const expected = slowLogits(config, weights, ids).flat();
      // Random weights of this size make large logits.
      expectClose(await model.logits(ids), expected, { atol: 5e-5, rtol: 1e-4 }, `ids ${ids}`);
    }
  });
});

describe('a head in the file of a model that config.json ties to its embedding', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['gpt2', gpt2, 'wte.weight'],
    ['llama', { ...llama, tie_word_embeddings: true }, 'model.embed_tokens.weight'],
  ])('%s: a copy is passed over, another one is the head', async (_, config, embedding) => {
    const { folder, weights } = randomModel(config);
    using plain = await loadModel(folder);
    using copied = await loadModel(randomModel(config, { 'lm_head.weight': weights[embedding]! }).folder);
    expect(copied.config.tied).toBe(true);
    expect(await copied.logits([1, 2])).toEqual(await plain.logits([1, 2]));

    const { shape, values } = weights[embedding]!;
    const other = { shape, values: Float32Array.from(values).reverse() };
    using own = await loadModel(randomModel(config, { 'lm_head.weight': other }).folder);
    const untied = randomModel({ ...config, tie_word_embeddings: false }, { 'lm_head.weight': other });
    using stated = await loadModel(untied.folder);
    expect(await own.logits([1, 2])).toEqual(await stated.logits([1, 2]));
    expect(await own.logits([1, 2])).not.toEqual(await plain.logits([1, 2]));

    const saved = join(root, `saved-${config.model_type}`);
    await own.save(saved);
    expect(JSON.parse(readFileSync(join(saved, 'config.json'), 'utf8'))).toMatchObject({ tie_word_embeddings: false });
  });
});
